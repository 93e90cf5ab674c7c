-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['connection_profile_id', 'text', 'id'],
    ['name', 'text', 'name'],
    ['organization', 'json', 'organization'],
    ['connection_name_prefix_template', 'text', 'connection_name_prefix_template'],
    ['enabled_features', 'json', 'enabled_features'],
    ['connection_config', 'json', 'connection_config'],
    ['provisioning', 'json', 'provisioning'],
    ['cross_app_access_resource_app', 'json', 'cross_app_access_resource_app'],
    ['strategy_overrides', 'json', 'strategy_overrides'],
] %}
{{ auth0.staged('connection_profiles', columns, key=['connection_profile_id']) }}
