-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['stream', 'text', 'stream'],
    ['parent_id', 'text', 'parent_id'],
    ['read_at', 'timestamp', 'read_at'],
    ['rows', 'integer', 'rows'],
] %}
{{ auth0.staged('readings', columns, key=['stream', 'parent_id']) }}
