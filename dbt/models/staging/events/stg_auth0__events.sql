-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['event_id', 'text', 'id'],
    ['offset', 'text', 'offset'],
    ['type', 'text', 'type'],
    ['time', 'timestamp', 'time'],
    ['source', 'text', 'source'],
    ['specversion', 'text', 'specversion'],
    ['a0tenant', 'text', 'a0tenant'],
    ['a0stream', 'text', 'a0stream'],
    ['a0purpose', 'text', 'a0purpose'],
    ['data', 'json', 'data'],
] %}
{{ auth0.staged('events', columns, key=['event_id']) }}
