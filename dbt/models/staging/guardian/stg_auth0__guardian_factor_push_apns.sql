-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['tenant_domain', 'text', 'tenant_domain'],
    ['bundle_id', 'text', 'bundle_id'],
    ['sandbox', 'boolean', 'sandbox'],
    ['enabled', 'boolean', 'enabled'],
] %}
{{ auth0.staged('guardian_factor_push_apns', columns, key=['tenant_domain']) }}
