-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['user_attribute_profile_template_id', 'text', 'id'],
    ['display_name', 'text', 'display_name'],
    ['template', 'json', 'template'],
] %}
{{ auth0.staged('user_attribute_profile_templates', columns, key=['user_attribute_profile_template_id']) }}
