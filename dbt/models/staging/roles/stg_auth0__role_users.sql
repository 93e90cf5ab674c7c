-- Written by `python -m tools.warehouse.generate` from the stream files.
{% set columns = [
    ['role_id', 'text', 'role_id'],
    ['user_id', 'text', 'user_id'],
    ['name', 'text', 'name'],
    ['email', 'text', 'email'],
    ['picture', 'text', 'picture'],
] %}
{{ auth0.staged('role_users', columns, key=['role_id', 'user_id']) }}
