-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['tenant_domain', 'text', 'tenant_domain'],
    ['message_types', 'json', 'message_types'],
] %}
{{ auth0.staged('guardian_factor_phone_message_types', columns, key=['tenant_domain']) }}
