-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['organization_id', 'text', 'organization_id'],
    ['group_id', 'text', 'id'],
    ['name', 'text', 'name'],
    ['external_id', 'text', 'external_id'],
    ['connection_id', 'text', 'connection_id'],
    ['tenant_name', 'text', 'tenant_name'],
    ['created_at', 'timestamp', 'created_at'],
    ['updated_at', 'timestamp', 'updated_at'],
] %}
{{ auth0.staged('organization_groups', columns, key=['organization_id', 'group_id']) }}
