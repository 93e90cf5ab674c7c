-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['connection_id', 'text', 'connection_id'],
    ['connection_name', 'text', 'connection_name'],
    ['strategy', 'text', 'strategy'],
    ['tenant_name', 'text', 'tenant_name'],
    ['user_id_attribute', 'text', 'user_id_attribute'],
    ['mapping', 'json', 'mapping'],
    ['created_at', 'timestamp', 'created_at'],
    ['updated_on', 'timestamp', 'updated_on'],
] %}
{{ auth0.staged('connection_scim_configurations', columns, key=['connection_id']) }}
