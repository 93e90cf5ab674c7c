-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['user_id', 'text', 'user_id'],
    ['read_at', 'timestamp', 'read_at'],
    ['resource_server_identifier', 'text', 'resource_server_identifier'],
    ['permission_name', 'text', 'permission_name'],
    ['role_id', 'text', 'id'],
    ['name', 'text', 'name'],
    ['description', 'text', 'description'],
    ['type', 'text', 'type'],
    ['owner_id', 'text', 'owner_id'],
    ['sources', 'json', 'sources'],
] %}
{{ auth0.staged('user_effective_permission_source_roles', columns, key=['user_id', 'resource_server_identifier', 'permission_name', 'role_id'], parent='user_id') }}
