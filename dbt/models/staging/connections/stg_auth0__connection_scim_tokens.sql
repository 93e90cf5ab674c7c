-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['connection_id', 'text', 'connection_id'],
    ['token_id', 'text', 'token_id'],
    ['scopes', 'json', 'scopes'],
    ['created_at', 'timestamp', 'created_at'],
    ['valid_until', 'timestamp', 'valid_until'],
    ['last_used_at', 'timestamp', 'last_used_at'],
] %}
{{ auth0.staged('connection_scim_tokens', columns, key=['connection_id', 'token_id']) }}
