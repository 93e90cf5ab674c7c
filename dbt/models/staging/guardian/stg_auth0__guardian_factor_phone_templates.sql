-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['tenant_domain', 'text', 'tenant_domain'],
    ['enrollment_message', 'text', 'enrollment_message'],
    ['verification_message', 'text', 'verification_message'],
] %}
{{ auth0.staged('guardian_factor_phone_templates', columns, key=['tenant_domain']) }}
