-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['tenant_domain', 'text', 'tenant_domain'],
    ['sender', 'text', 'from'],
    ['messaging_service_sid', 'text', 'messaging_service_sid'],
    ['sid', 'text', 'sid'],
    ['auth_token', 'text', 'auth_token'],
] %}
{{ auth0.staged('guardian_factor_sms_twilio', columns, key=['tenant_domain']) }}
