-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['self_service_profile_id', 'text', 'id'],
    ['name', 'text', 'name'],
    ['description', 'text', 'description'],
    ['allowed_strategies', 'json', 'allowed_strategies'],
    ['user_attributes', 'json', 'user_attributes'],
    ['user_attribute_profile_id', 'text', 'user_attribute_profile_id'],
    ['branding', 'json', 'branding'],
    ['created_at', 'timestamp', 'created_at'],
    ['updated_at', 'timestamp', 'updated_at'],
] %}
{{ auth0.staged('self_service_profiles', columns, key=['self_service_profile_id']) }}
