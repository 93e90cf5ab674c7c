-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['tenant_domain', 'text', 'tenant_domain'],
    ['akamai_enabled', 'boolean', 'akamai_enabled'],
] %}
{{ auth0.staged('supplemental_signals', columns, key=['tenant_domain']) }}
