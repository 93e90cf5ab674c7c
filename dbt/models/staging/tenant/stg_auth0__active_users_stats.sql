-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['tenant_domain', 'text', 'tenant_domain'],
    ['active_users', 'integer', 'active_users'],
] %}
{{ auth0.staged('active_users_stats', columns, key=['tenant_domain']) }}
