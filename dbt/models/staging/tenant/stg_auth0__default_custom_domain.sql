-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['tenant_domain', 'text', 'tenant_domain'],
    ['custom_domain_id', 'text', 'custom_domain_id'],
    ['domain', 'text', 'domain'],
    ['is_primary', 'boolean', 'primary'],
    ['is_default', 'boolean', 'is_default'],
    ['status', 'text', 'status'],
    ['type', 'text', 'type'],
    ['origin_domain_name', 'text', 'origin_domain_name'],
    ['verification', 'json', 'verification'],
    ['custom_client_ip_header', 'text', 'custom_client_ip_header'],
    ['tls_policy', 'text', 'tls_policy'],
    ['domain_metadata', 'json', 'domain_metadata'],
    ['certificate', 'json', 'certificate'],
    ['relying_party_identifier', 'text', 'relying_party_identifier'],
    ['created_at', 'timestamp', 'created_at'],
] %}
{{ auth0.staged('default_custom_domain', columns, key=['tenant_domain']) }}
