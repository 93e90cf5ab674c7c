-- Written by `python -m tools.warehouse.generate` from the stream files.
{% set columns = [
    ['log_id', 'text', 'log_id'],
    ['user_id', 'text', 'user_id'],
    ['deleted_at', 'timestamp', 'deleted_at'],
    ['type', 'text', 'type'],
    ['connection', 'text', 'connection'],
    ['connection_id', 'text', 'connection_id'],
    ['client_id', 'text', 'client_id'],
    ['client_name', 'text', 'client_name'],
    ['deleted_by', 'text', 'deleted_by'],
    ['deleted_by_email', 'text', 'deleted_by_email'],
    ['ip', 'text', 'ip'],
] %}
{{ auth0.staged('user_deletions', columns, key=['log_id']) }}
