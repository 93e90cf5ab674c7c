-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['connection_profile_template_id', 'text', 'id'],
    ['display_name', 'text', 'display_name'],
    ['template', 'json', 'template'],
] %}
{{ auth0.staged('connection_profile_templates', columns, key=['connection_profile_template_id']) }}
