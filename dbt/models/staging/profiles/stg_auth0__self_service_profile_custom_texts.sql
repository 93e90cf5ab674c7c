-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['self_service_profile_id', 'text', 'self_service_profile_id'],
    ['language', 'text', 'language'],
    ['page', 'text', 'page'],
    ['texts', 'json', 'texts'],
] %}
{{ auth0.staged('self_service_profile_custom_texts', columns, key=['self_service_profile_id', 'language', 'page']) }}
