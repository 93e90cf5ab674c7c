-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['user_id', 'text', 'user_id'],
    ['read_at', 'timestamp', 'read_at'],
    ['user_refresh_token_id', 'text', 'id'],
    ['created_at', 'timestamp', 'created_at'],
    ['idle_expires_at', 'timestamp', 'idle_expires_at'],
    ['expires_at', 'timestamp', 'expires_at'],
    ['last_exchanged_at', 'timestamp', 'last_exchanged_at'],
    ['device', 'json', 'device'],
    ['client_id', 'text', 'client_id'],
    ['session_id', 'text', 'session_id'],
    ['rotating', 'boolean', 'rotating'],
    ['resource_servers', 'json', 'resource_servers'],
    ['refresh_token_metadata', 'json', 'refresh_token_metadata'],
    ['unconforming', 'json', 'unconforming'],
] %}
{{ auth0.staged('user_refresh_tokens', columns, key=['user_refresh_token_id'], parent='user_id') }}
