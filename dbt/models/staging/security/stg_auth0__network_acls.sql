-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['network_acl_id', 'text', 'id'],
    ['description', 'text', 'description'],
    ['active', 'boolean', 'active'],
    ['priority', 'number', 'priority'],
    ['rule', 'json', 'rule'],
    ['created_at', 'timestamp', 'created_at'],
    ['updated_at', 'timestamp', 'updated_at'],
    ['deleted_at', 'timestamp', 'deleted_at'],
    ['tenant_id', 'text', 'tenant_id'],
] %}
{{ auth0.staged('network_acls', columns, key=['network_acl_id']) }}
