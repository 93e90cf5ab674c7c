-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['event_stream_id', 'text', 'event_stream_id'],
    ['event_stream_delivery_id', 'text', 'id'],
    ['status', 'text', 'status'],
    ['event_type', 'text', 'event_type'],
    ['attempts', 'json', 'attempts'],
    ['event', 'json', 'event'],
] %}
{{ auth0.staged('event_stream_deliveries', columns, key=['event_stream_id', 'event_stream_delivery_id']) }}
