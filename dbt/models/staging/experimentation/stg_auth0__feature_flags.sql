-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['feature_flag_id', 'text', 'id'],
    ['name', 'text', 'name'],
    ['description', 'text', 'description'],
    ['type', 'text', 'type'],
    ['status', 'text', 'status'],
    ['parameters', 'json', 'parameters'],
    ['created_at', 'timestamp', 'created_at'],
    ['updated_at', 'timestamp', 'updated_at'],
] %}
{{ auth0.staged('feature_flags', columns, key=['feature_flag_id']) }}
