-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['organization_id', 'text', 'organization_id'],
    ['connection_id', 'text', 'connection_id'],
    ['organization_connection_name', 'text', 'organization_connection_name'],
    ['connection', 'json', 'connection'],
    ['is_enabled', 'boolean', 'is_enabled'],
    ['assign_membership_on_login', 'boolean', 'assign_membership_on_login'],
    ['show_as_button', 'boolean', 'show_as_button'],
    ['is_signup_enabled', 'boolean', 'is_signup_enabled'],
    ['organization_access_level', 'text', 'organization_access_level'],
    ['organization_member_access_level', 'text', 'organization_member_access_level'],
] %}
{{ auth0.staged('organization_connections', columns, key=['organization_id', 'connection_id']) }}
