-- Written by `python -m tools.warehouse.generate` from the stream files.
{% set columns = [
    ['organization_id', 'text', 'organization_id'],
    ['organization_discovery_domain_id', 'text', 'id'],
    ['domain', 'text', 'domain'],
    ['status', 'text', 'status'],
    ['use_for_organization_discovery', 'boolean', 'use_for_organization_discovery'],
    ['verification_txt', 'text', 'verification_txt'],
    ['verification_host', 'text', 'verification_host'],
] %}
{{ auth0.staged('organization_discovery_domains', columns, key=['organization_id', 'organization_discovery_domain_id']) }}
