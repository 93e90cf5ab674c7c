-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['connection_id', 'text', 'connection_id'],
    ['connection_synchronized_group_id', 'text', 'id'],
    ['name', 'text', 'name'],
    ['email', 'text', 'email'],
    ['direct_members_count', 'integer', 'direct_members_count'],
] %}
{{ auth0.staged('connection_synchronized_groups', columns, key=['connection_id', 'connection_synchronized_group_id']) }}
