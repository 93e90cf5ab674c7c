-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['user_id', 'text', 'user_id'],
    ['read_at', 'timestamp', 'read_at'],
    ['user_connected_account_id', 'text', 'id'],
    ['connection', 'text', 'connection'],
    ['connection_id', 'text', 'connection_id'],
    ['strategy', 'text', 'strategy'],
    ['access_type', 'text', 'access_type'],
    ['scopes', 'json', 'scopes'],
    ['created_at', 'timestamp', 'created_at'],
    ['expires_at', 'timestamp', 'expires_at'],
    ['organization_id', 'text', 'organization_id'],
] %}
{{ auth0.staged('user_connected_accounts', columns, key=['user_id', 'user_connected_account_id'], parent='user_id') }}
