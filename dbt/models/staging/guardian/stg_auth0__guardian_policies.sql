-- Written by `python -m tools.warehouse.generate` from the stream files.
{% set columns = [
    ['tenant_domain', 'text', 'tenant_domain'],
    ['policies', 'json', 'policies'],
] %}
{{ auth0.staged('guardian_policies', columns, key=['tenant_domain']) }}
