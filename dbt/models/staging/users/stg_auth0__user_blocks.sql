-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['user_id', 'text', 'user_id'],
    ['read_at', 'timestamp', 'read_at'],
    ['identifier', 'text', 'identifier'],
    ['ip', 'text', 'ip'],
    ['connection', 'text', 'connection'],
] %}
{{ auth0.staged('user_blocks', columns, key=['user_id', 'identifier', 'ip', 'connection'], parent='user_id') }}
