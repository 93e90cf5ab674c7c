-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['feature_flag_id', 'text', 'feature_flag_id'],
    ['feature_flag_variation_id', 'text', 'id'],
    ['name', 'text', 'name'],
    ['description', 'text', 'description'],
    ['overrides', 'json', 'overrides'],
    ['created_at', 'timestamp', 'created_at'],
    ['updated_at', 'timestamp', 'updated_at'],
] %}
{{ auth0.staged('feature_flag_variations', columns, key=['feature_flag_id', 'feature_flag_variation_id']) }}
