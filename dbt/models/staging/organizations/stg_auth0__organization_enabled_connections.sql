-- Written by `python -m tools.warehouse.generate` from the stream files.
{% set columns = [
    ['organization_id', 'text', 'organization_id'],
    ['connection_id', 'text', 'connection_id'],
    ['connection', 'json', 'connection'],
    ['assign_membership_on_login', 'boolean', 'assign_membership_on_login'],
    ['show_as_button', 'boolean', 'show_as_button'],
    ['is_signup_enabled', 'boolean', 'is_signup_enabled'],
] %}
{{ auth0.staged('organization_enabled_connections', columns, key=['organization_id', 'connection_id']) }}
