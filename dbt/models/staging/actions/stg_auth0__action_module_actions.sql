-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['module_id', 'text', 'module_id'],
    ['action_id', 'text', 'action_id'],
    ['action_name', 'text', 'action_name'],
    ['module_version_id', 'text', 'module_version_id'],
    ['module_version_number', 'integer', 'module_version_number'],
    ['supported_triggers', 'json', 'supported_triggers'],
] %}
{{ auth0.staged('action_module_actions', columns, key=['module_id', 'action_id']) }}
