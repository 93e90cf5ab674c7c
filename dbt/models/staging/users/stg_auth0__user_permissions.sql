-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['user_id', 'text', 'user_id'],
    ['read_at', 'timestamp', 'read_at'],
    ['resource_server_identifier', 'text', 'resource_server_identifier'],
    ['permission_name', 'text', 'permission_name'],
    ['resource_server_name', 'text', 'resource_server_name'],
    ['description', 'text', 'description'],
    ['sources', 'json', 'sources'],
] %}
{{ auth0.staged('user_permissions', columns, key=['user_id', 'resource_server_identifier', 'permission_name'], parent='user_id') }}
