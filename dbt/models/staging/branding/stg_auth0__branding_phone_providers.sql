-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['branding_phone_provider_id', 'text', 'id'],
    ['tenant', 'text', 'tenant'],
    ['name', 'text', 'name'],
    ['channel', 'text', 'channel'],
    ['disabled', 'boolean', 'disabled'],
    ['configuration', 'json', 'configuration'],
    ['credentials', 'json', 'credentials'],
    ['created_at', 'timestamp', 'created_at'],
    ['updated_at', 'timestamp', 'updated_at'],
] %}
{{ auth0.staged('branding_phone_providers', columns, key=['branding_phone_provider_id']) }}
