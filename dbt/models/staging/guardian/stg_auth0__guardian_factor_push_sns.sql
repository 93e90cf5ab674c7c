-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['tenant_domain', 'text', 'tenant_domain'],
    ['aws_region', 'text', 'aws_region'],
    ['aws_access_key_id', 'text', 'aws_access_key_id'],
    ['aws_secret_access_key', 'text', 'aws_secret_access_key'],
    ['sns_apns_platform_application_arn', 'text', 'sns_apns_platform_application_arn'],
    ['sns_gcm_platform_application_arn', 'text', 'sns_gcm_platform_application_arn'],
] %}
{{ auth0.staged('guardian_factor_push_sns', columns, key=['tenant_domain']) }}
