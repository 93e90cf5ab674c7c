-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['experiment_id', 'text', 'id'],
    ['name', 'text', 'name'],
    ['description', 'text', 'description'],
    ['feature_flag_id', 'text', 'feature_flag_id'],
    ['feature_flag_name', 'text', 'feature_flag_name'],
    ['authentication_flow', 'text', 'authentication_flow'],
    ['allocation_strategy', 'text', 'allocation_strategy'],
    ['status', 'text', 'status'],
    ['is_valid', 'boolean', 'is_valid'],
    ['default_config', 'text', 'default_config'],
    ['assignment_config', 'json', 'assignment_config'],
    ['allocations', 'json', 'allocations'],
    ['feature_flag_snapshot', 'json', 'feature_flag_snapshot'],
    ['editable_fields', 'json', 'editable_fields'],
    ['levels', 'json', 'levels'],
    ['current_level', 'integer', 'current_level'],
    ['started_at', 'timestamp', 'started_at'],
    ['ended_at', 'timestamp', 'ended_at'],
    ['created_at', 'timestamp', 'created_at'],
    ['updated_at', 'timestamp', 'updated_at'],
] %}
{{ auth0.staged('experiments', columns, key=['experiment_id']) }}
