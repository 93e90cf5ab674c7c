-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['action_module_id', 'text', 'id'],
    ['name', 'text', 'name'],
    ['code', 'text', 'code'],
    ['code_sha256', 'text', 'code_sha256'],
    ['dependencies', 'json', 'dependencies'],
    ['secrets', 'json', 'secrets'],
    ['actions_using_module_total', 'integer', 'actions_using_module_total'],
    ['all_changes_published', 'boolean', 'all_changes_published'],
    ['latest_version_number', 'integer', 'latest_version_number'],
    ['latest_version', 'json', 'latest_version'],
    ['created_at', 'timestamp', 'created_at'],
    ['updated_at', 'timestamp', 'updated_at'],
] %}
{{ auth0.staged('action_modules', columns, key=['action_module_id']) }}
