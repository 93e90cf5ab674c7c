-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['tenant_domain', 'text', 'tenant_domain'],
    ['body', 'text', 'body'],
] %}
{{ auth0.staged('branding_universal_login_template', columns, key=['tenant_domain']) }}
