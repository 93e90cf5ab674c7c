-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['flow_vault_connection_id', 'text', 'id'],
    ['app_id', 'text', 'app_id'],
    ['environment', 'text', 'environment'],
    ['name', 'text', 'name'],
    ['account_name', 'text', 'account_name'],
    ['ready', 'boolean', 'ready'],
    ['setup', 'json', 'setup'],
    ['fingerprint', 'text', 'fingerprint'],
    ['created_at', 'timestamp', 'created_at'],
    ['updated_at', 'timestamp', 'updated_at'],
    ['refreshed_at', 'timestamp', 'refreshed_at'],
] %}
{{ auth0.staged('flow_vault_connections', columns, key=['flow_vault_connection_id']) }}
