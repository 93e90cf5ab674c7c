-- Written by `python -m tools.warehouse.generate` from the stream files.
{% set columns = [
    ['connection_id', 'text', 'connection_id'],
    ['client_id', 'text', 'client_id'],
] %}
{{ auth0.staged('connection_clients', columns, key=['connection_id', 'client_id']) }}
