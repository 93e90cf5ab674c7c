-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['client_grant_id', 'text', 'client_grant_id'],
    ['organization_id', 'text', 'id'],
    ['name', 'text', 'name'],
    ['display_name', 'text', 'display_name'],
    ['branding', 'json', 'branding'],
    ['metadata', 'json', 'metadata'],
    ['token_quota', 'json', 'token_quota'],
    ['third_party_client_access', 'text', 'third_party_client_access'],
    ['is_app_entitlement_active', 'boolean', 'is_app_entitlement_active'],
    ['client', 'json', 'client'],
] %}
{{ auth0.staged('client_grant_organizations', columns, key=['client_grant_id', 'organization_id']) }}
