-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['action_trigger_id', 'text', 'id'],
    ['version', 'text', 'version'],
    ['status', 'text', 'status'],
    ['runtimes', 'json', 'runtimes'],
    ['default_runtime', 'text', 'default_runtime'],
    ['compatible_triggers', 'json', 'compatible_triggers'],
    ['binding_policy', 'text', 'binding_policy'],
] %}
{{ auth0.staged('action_triggers', columns, key=['action_trigger_id', 'version']) }}
