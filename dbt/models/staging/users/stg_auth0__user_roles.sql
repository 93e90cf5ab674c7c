-- Written by `python -m tools.warehouse.generate` from the stream files.
{% set columns = [
    ['user_id', 'text', 'user_id'],
    ['read_at', 'timestamp', 'read_at'],
    ['role_id', 'text', 'id'],
    ['name', 'text', 'name'],
    ['description', 'text', 'description'],
    ['type', 'text', 'type'],
    ['owner_id', 'text', 'owner_id'],
    ['sources', 'json', 'sources'],
] %}
{{ auth0.staged('user_roles', columns, key=['user_id', 'role_id'], parent='user_id') }}
