-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['action_id', 'text', 'id'],
    ['name', 'text', 'name'],
    ['supported_triggers', 'json', 'supported_triggers'],
    ['status', 'text', 'status'],
    ['code', 'text', 'code'],
    ['code_sha256', 'text', 'code_sha256'],
    ['runtime', 'text', 'runtime'],
    ['dependencies', 'json', 'dependencies'],
    ['secrets', 'json', 'secrets'],
    ['all_changes_deployed', 'boolean', 'all_changes_deployed'],
    ['built_at', 'timestamp', 'built_at'],
    ['deploy', 'boolean', 'deploy'],
    ['created_at', 'timestamp', 'created_at'],
    ['updated_at', 'timestamp', 'updated_at'],
    ['deployed_version', 'json', 'deployed_version'],
    ['current_version', 'json', 'current_version'],
    ['modules', 'json', 'modules'],
    ['installed_integration_id', 'text', 'installed_integration_id'],
    ['integration', 'json', 'integration'],
] %}
{{ auth0.staged('actions', columns, key=['action_id']) }}
