-- Written by `python -m tools.warehouse.generate` from the stream files.
{% set columns = [
    ['group_id', 'text', 'group_id'],
    ['role_id', 'text', 'id'],
    ['name', 'text', 'name'],
    ['description', 'text', 'description'],
    ['type', 'text', 'type'],
    ['owner_id', 'text', 'owner_id'],
] %}
{{ auth0.staged('group_roles', columns, key=['group_id', 'role_id']) }}
