-- Written by `python -m tools.warehouse.generate` from the stream files.
{% set columns = [
    ['tenant_domain', 'text', 'tenant_domain'],
    ['enabled', 'boolean', 'enabled'],
    ['shields', 'json', 'shields'],
    ['allowlist', 'json', 'allowlist'],
    ['stage', 'json', 'stage'],
] %}
{{ auth0.staged('attack_protection_suspicious_ip_throttling', columns, key=['tenant_domain']) }}
