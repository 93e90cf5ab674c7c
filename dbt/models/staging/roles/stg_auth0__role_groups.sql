-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['role_id', 'text', 'role_id'],
    ['group_id', 'text', 'id'],
    ['name', 'text', 'name'],
    ['external_id', 'text', 'external_id'],
    ['connection_id', 'text', 'connection_id'],
    ['tenant_name', 'text', 'tenant_name'],
    ['created_at', 'timestamp', 'created_at'],
    ['updated_at', 'timestamp', 'updated_at'],
] %}
{{ auth0.staged('role_groups', columns, key=['role_id', 'group_id']) }}
