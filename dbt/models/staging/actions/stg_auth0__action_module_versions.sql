-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['module_id', 'text', 'module_id'],
    ['action_module_version_id', 'text', 'id'],
    ['version_number', 'integer', 'version_number'],
    ['code', 'text', 'code'],
    ['code_sha256', 'text', 'code_sha256'],
    ['dependencies', 'json', 'dependencies'],
    ['secrets', 'json', 'secrets'],
    ['created_at', 'timestamp', 'created_at'],
] %}
{{ auth0.staged('action_module_versions', columns, key=['module_id', 'action_module_version_id']) }}
