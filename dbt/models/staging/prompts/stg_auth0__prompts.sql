-- Written by `python -m tools.warehouse.generate` from the stream files.
{% set columns = [
    ['tenant_domain', 'text', 'tenant_domain'],
    ['universal_login_experience', 'text', 'universal_login_experience'],
    ['identifier_first', 'boolean', 'identifier_first'],
    ['webauthn_platform_first_factor', 'boolean', 'webauthn_platform_first_factor'],
    ['enable_ulp_wcag_compliance', 'boolean', 'enable_ulp_wcag_compliance'],
] %}
{{ auth0.staged('prompts', columns, key=['tenant_domain']) }}
