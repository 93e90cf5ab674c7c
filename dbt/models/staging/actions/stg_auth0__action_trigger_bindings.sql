-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['trigger_id', 'text', 'trigger_id'],
    ['action_trigger_binding_id', 'text', 'id'],
    ['display_name', 'text', 'display_name'],
    ['action', 'json', 'action'],
    ['created_at', 'timestamp', 'created_at'],
    ['updated_at', 'timestamp', 'updated_at'],
] %}
{{ auth0.staged('action_trigger_bindings', columns, key=['trigger_id', 'action_trigger_binding_id']) }}
