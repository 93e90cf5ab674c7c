-- Written by `python -m tools.warehouse.generate` from the stream files.
{% set columns = [
    ['organization_id', 'text', 'organization_id'],
    ['user_id', 'text', 'user_id'],
    ['role_id', 'text', 'id'],
    ['name', 'text', 'name'],
    ['description', 'text', 'description'],
    ['sources', 'json', 'sources'],
] %}
{{ auth0.staged('organization_member_effective_roles', columns, key=['organization_id', 'user_id', 'role_id']) }}
