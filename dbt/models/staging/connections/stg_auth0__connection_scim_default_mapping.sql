-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['connection_id', 'text', 'connection_id'],
    ['mapping', 'json', 'mapping'],
] %}
{{ auth0.staged('connection_scim_default_mapping', columns, key=['connection_id']) }}
