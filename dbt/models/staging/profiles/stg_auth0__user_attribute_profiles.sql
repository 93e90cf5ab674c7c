-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['user_attribute_profile_id', 'text', 'id'],
    ['name', 'text', 'name'],
    ['user_id', 'json', 'user_id'],
    ['user_attributes', 'json', 'user_attributes'],
] %}
{{ auth0.staged('user_attribute_profiles', columns, key=['user_attribute_profile_id']) }}
