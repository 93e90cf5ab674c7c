-- Written by `python -m tools.warehouse.generate` from the stream files.
{% set columns = [
    ['tenant_domain', 'text', 'tenant_domain'],
    ['enabled', 'boolean', 'enabled'],
    ['method', 'text', 'method'],
    ['shields', 'json', 'shields'],
    ['admin_notification_frequency', 'json', 'admin_notification_frequency'],
    ['stage', 'json', 'stage'],
] %}
{{ auth0.staged('attack_protection_breached_password_detection', columns, key=['tenant_domain']) }}
