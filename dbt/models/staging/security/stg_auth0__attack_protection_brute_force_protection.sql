-- Written by `python -m tools.warehouse.generate` from the stream files.
{% set columns = [
    ['tenant_domain', 'text', 'tenant_domain'],
    ['enabled', 'boolean', 'enabled'],
    ['mode', 'text', 'mode'],
    ['max_attempts', 'integer', 'max_attempts'],
    ['shields', 'json', 'shields'],
    ['allowlist', 'json', 'allowlist'],
    ['form_submission_mode', 'text', 'form_submission_mode'],
] %}
{{ auth0.staged('attack_protection_brute_force_protection', columns, key=['tenant_domain']) }}
