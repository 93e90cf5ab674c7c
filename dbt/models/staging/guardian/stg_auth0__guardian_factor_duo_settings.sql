-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['tenant_domain', 'text', 'tenant_domain'],
    ['host', 'text', 'host'],
    ['ikey', 'text', 'ikey'],
    ['skey', 'text', 'skey'],
] %}
{{ auth0.staged('guardian_factor_duo_settings', columns, key=['tenant_domain']) }}
