-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['agent_id', 'text', 'agent_id'],
    ['name', 'text', 'name'],
    ['external_agent_id', 'text', 'external_agent_id'],
    ['metadata', 'json', 'metadata'],
    ['created_at', 'timestamp', 'created_at'],
    ['updated_at', 'timestamp', 'updated_at'],
] %}
{{ auth0.staged('agents', columns, key=['agent_id']) }}
