-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['tenant_domain', 'text', 'tenant_domain'],
    ['otp_length', 'integer', 'otp_length'],
    ['otp_expiration_time', 'integer', 'otp_expiration_time'],
] %}
{{ auth0.staged('guardian_factor_email_settings', columns, key=['tenant_domain']) }}
