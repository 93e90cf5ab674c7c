-- Written by `python -m tools.warehouse.generate` from the stream files.
{% set columns = [
    ['group_id', 'text', 'group_id'],
    ['user_id', 'text', 'id'],
    ['member_type', 'text', 'member_type'],
    ['type', 'text', 'type'],
    ['connection_id', 'text', 'connection_id'],
    ['created_at', 'timestamp', 'created_at'],
] %}
{{ auth0.staged('group_members', columns, key=['group_id', 'user_id']) }}
