-- Written by `python -m tools.warehouse.generate` from the stream files.
{% set columns = [
    ['user_id', 'text', 'user_id'],
    ['read_at', 'timestamp', 'read_at'],
    ['organization_id', 'text', 'id'],
    ['name', 'text', 'name'],
    ['display_name', 'text', 'display_name'],
    ['branding', 'json', 'branding'],
    ['metadata', 'json', 'metadata'],
    ['token_quota', 'json', 'token_quota'],
    ['third_party_client_access', 'text', 'third_party_client_access'],
    ['client', 'json', 'client'],
    ['is_app_entitlement_active', 'boolean', 'is_app_entitlement_active'],
] %}
{{ auth0.staged('user_organizations', columns, key=['user_id', 'organization_id'], parent='user_id') }}
