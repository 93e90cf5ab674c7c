-- Written by `python -m tools.warehouse.generate` from the stream files.
{% set columns = [
    ['organization_id', 'text', 'org_id'],
    ['user_id', 'text', 'user_id'],
    ['name', 'text', 'name'],
    ['email', 'text', 'email'],
    ['picture', 'text', 'picture'],
    ['roles', 'json', 'roles'],
] %}
{{ auth0.staged('organization_members', columns, key=['organization_id', 'user_id']) }}
