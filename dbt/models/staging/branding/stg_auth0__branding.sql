-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['tenant_domain', 'text', 'tenant_domain'],
    ['logo_url', 'text', 'logo_url'],
    ['favicon_url', 'text', 'favicon_url'],
    ['colors', 'json', 'colors'],
    ['font', 'json', 'font'],
] %}
{{ auth0.staged('branding', columns, key=['tenant_domain']) }}
