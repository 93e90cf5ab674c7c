-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['tenant_domain', 'text', 'tenant_domain'],
    ['type', 'text', 'type'],
] %}
{{ auth0.staged('attack_protection_phone_provider_protection', columns, key=['tenant_domain']) }}
