-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['kid', 'text', 'kid'],
    ['type', 'text', 'type'],
    ['state', 'text', 'state'],
    ['parent_kid', 'text', 'parent_kid'],
    ['public_key', 'text', 'public_key'],
    ['created_at', 'timestamp', 'created_at'],
    ['updated_at', 'timestamp', 'updated_at'],
] %}
{{ auth0.staged('encryption_keys', columns, key=['kid']) }}
