-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['flow_id', 'text', 'id'],
    ['name', 'text', 'name'],
    ['description', 'text', 'description'],
    ['synchronous', 'boolean', 'synchronous'],
    ['actions', 'json', 'actions'],
    ['triggers', 'json', 'triggers'],
    ['security', 'json', 'security'],
    ['created_at', 'timestamp', 'created_at'],
    ['updated_at', 'timestamp', 'updated_at'],
    ['executed_at', 'text', 'executed_at'],
] %}
{{ auth0.staged('flows', columns, key=['flow_id']) }}
