-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['tenant_domain', 'text', 'tenant_domain'],
    ['app_name', 'text', 'app_name'],
    ['apple_app_link', 'text', 'apple_app_link'],
    ['google_app_link', 'text', 'google_app_link'],
] %}
{{ auth0.staged('prompts_mfa_push', columns, key=['tenant_domain']) }}
