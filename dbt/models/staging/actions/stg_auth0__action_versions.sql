-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['action_id', 'text', 'action_id'],
    ['action_version_id', 'text', 'id'],
    ['number', 'number', 'number'],
    ['status', 'text', 'status'],
    ['deployed', 'boolean', 'deployed'],
    ['code', 'text', 'code'],
    ['code_sha256', 'text', 'code_sha256'],
    ['runtime', 'text', 'runtime'],
    ['dependencies', 'json', 'dependencies'],
    ['secrets', 'json', 'secrets'],
    ['supported_triggers', 'json', 'supported_triggers'],
    ['modules', 'json', 'modules'],
    ['errors', 'json', 'errors'],
    ['action', 'json', 'action'],
    ['built_at', 'timestamp', 'built_at'],
    ['created_at', 'timestamp', 'created_at'],
    ['updated_at', 'timestamp', 'updated_at'],
] %}
{{ auth0.staged('action_versions', columns, key=['action_id', 'action_version_id']) }}
