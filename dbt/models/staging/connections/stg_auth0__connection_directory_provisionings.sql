-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['connection_id', 'text', 'connection_id'],
    ['connection_name', 'text', 'connection_name'],
    ['strategy', 'text', 'strategy'],
    ['mapping', 'json', 'mapping'],
    ['synchronize_automatically', 'boolean', 'synchronize_automatically'],
    ['synchronize_groups', 'text', 'synchronize_groups'],
    ['last_synchronization_at', 'timestamp', 'last_synchronization_at'],
    ['last_synchronization_status', 'text', 'last_synchronization_status'],
    ['last_synchronization_error', 'text', 'last_synchronization_error'],
    ['created_at', 'timestamp', 'created_at'],
    ['updated_at', 'timestamp', 'updated_at'],
] %}
{{ auth0.staged('connection_directory_provisionings', columns, key=['connection_id']) }}
