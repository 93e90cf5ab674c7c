-- Written by `python -m tools.warehouse.generate` from the stream files.
{% set columns = [
    ['organization_id', 'text', 'org_id'],
    ['user_id', 'text', 'user_id'],
    ['role_id', 'text', 'id'],
    ['name', 'text', 'name'],
    ['description', 'text', 'description'],
    ['type', 'text', 'type'],
    ['owner_id', 'text', 'owner_id'],
] %}
{{ auth0.staged('organization_member_roles', columns, key=['organization_id', 'user_id', 'role_id']) }}
