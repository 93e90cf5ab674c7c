-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['event_stream_id', 'text', 'id'],
    ['name', 'text', 'name'],
    ['status', 'text', 'status'],
    ['subscriptions', 'json', 'subscriptions'],
    ['destination', 'json', 'destination'],
    ['created_at', 'timestamp', 'created_at'],
    ['updated_at', 'timestamp', 'updated_at'],
] %}
{{ auth0.staged('event_streams', columns, key=['event_stream_id']) }}
