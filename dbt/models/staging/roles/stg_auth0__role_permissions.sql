-- Written by `python -m tools.warehouse.generate` from the stream files.
{% set columns = [
    ['role_id', 'text', 'role_id'],
    ['resource_server_identifier', 'text', 'resource_server_identifier'],
    ['permission_name', 'text', 'permission_name'],
    ['resource_server_name', 'text', 'resource_server_name'],
    ['description', 'text', 'description'],
] %}
{{ auth0.staged('role_permissions', columns, key=['role_id', 'resource_server_identifier', 'permission_name']) }}
