-- Written by `python -m tools.warehouse.generate` from the stream files.
{% set columns = [
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
{{ auth0.staged('organizations', columns, key=['organization_id']) }}
