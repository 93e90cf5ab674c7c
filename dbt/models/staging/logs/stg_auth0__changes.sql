-- Written by `python -m tools.warehouse.generate` from the stream files.
{% set columns = [
    ['log_id', 'text', 'log_id'],
    ['occurred_at', 'timestamp', 'date'],
    ['method', 'text', 'method'],
    ['path', 'text', 'path'],
    ['entity_type', 'text', 'entity_type'],
    ['entity_id', 'text', 'entity_id'],
    ['entity_ids', 'json', 'entity_ids'],
    ['parent_type', 'text', 'parent_type'],
    ['parent_id', 'text', 'parent_id'],
    ['status_code', 'integer', 'status_code'],
    ['client_id', 'text', 'client_id'],
    ['client_name', 'text', 'client_name'],
    ['user_id', 'text', 'user_id'],
    ['user_email', 'text', 'user_email'],
    ['user_name', 'text', 'user_name'],
    ['ip', 'text', 'ip'],
    ['channel', 'text', 'channel'],
    ['description', 'text', 'description'],
    ['unconforming', 'json', 'unconforming'],
] %}
{{ auth0.staged('changes', columns, key=['log_id']) }}
