-- Written by `python -m tools.warehouse.generate` from the stream files.
{% set columns = [
    ['role_id', 'text', 'id'],
    ['name', 'text', 'name'],
    ['description', 'text', 'description'],
    ['type', 'text', 'type'],
    ['owner_id', 'text', 'owner_id'],
] %}
{{ auth0.staged('roles', columns, key=['role_id']) }}
