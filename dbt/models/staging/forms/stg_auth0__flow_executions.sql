-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['flow_id', 'text', 'flow_id'],
    ['flow_execution_id', 'text', 'id'],
    ['trace_id', 'text', 'trace_id'],
    ['journey_id', 'text', 'journey_id'],
    ['status', 'text', 'status'],
    ['debug', 'json', 'debug'],
    ['created_at', 'timestamp', 'created_at'],
    ['updated_at', 'timestamp', 'updated_at'],
    ['started_at', 'timestamp', 'started_at'],
    ['ended_at', 'timestamp', 'ended_at'],
] %}
{{ auth0.staged('flow_executions', columns, key=['flow_id', 'flow_execution_id']) }}
