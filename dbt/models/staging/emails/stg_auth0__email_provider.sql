-- Written by `python -m tools.warehouse.generate` from the stream files.
{% set columns = [
    ['tenant_domain', 'text', 'tenant_domain'],
    ['name', 'text', 'name'],
    ['enabled', 'boolean', 'enabled'],
    ['default_from_address', 'text', 'default_from_address'],
    ['settings', 'json', 'settings'],
    ['credentials', 'json', 'credentials'],
] %}
{{ auth0.staged('email_provider', columns, key=['tenant_domain']) }}
