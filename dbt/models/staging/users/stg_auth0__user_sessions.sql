-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['user_id', 'text', 'user_id'],
    ['read_at', 'timestamp', 'read_at'],
    ['user_session_id', 'text', 'id'],
    ['created_at', 'timestamp', 'created_at'],
    ['updated_at', 'timestamp', 'updated_at'],
    ['authenticated_at', 'timestamp', 'authenticated_at'],
    ['idle_expires_at', 'timestamp', 'idle_expires_at'],
    ['expires_at', 'timestamp', 'expires_at'],
    ['last_interacted_at', 'timestamp', 'last_interacted_at'],
    ['device', 'json', 'device'],
    ['clients', 'json', 'clients'],
    ['authentication', 'json', 'authentication'],
    ['cookie', 'json', 'cookie'],
    ['session_metadata', 'json', 'session_metadata'],
    ['actor', 'json', 'actor'],
    ['unconforming', 'json', 'unconforming'],
] %}
{{ auth0.staged('user_sessions', columns, key=['user_session_id'], parent='user_id') }}
