-- Written by `python -m tools.warehouse.generate` from the stream files.
{% set columns = [
    ['log_stream_id', 'text', 'id'],
    ['name', 'text', 'name'],
    ['type', 'text', 'type'],
    ['status', 'text', 'status'],
    ['is_priority', 'boolean', 'isPriority'],
    ['filters', 'json', 'filters'],
    ['pii_config', 'json', 'pii_config'],
    ['sink', 'json', 'sink'],
] %}
{{ auth0.staged('log_streams', columns, key=['log_stream_id']) }}
