-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['tenant_domain', 'text', 'tenant_domain'],
    ['enabled', 'boolean', 'enabled'],
] %}
{{ auth0.staged('risk_assessment_settings', columns, key=['tenant_domain']) }}
