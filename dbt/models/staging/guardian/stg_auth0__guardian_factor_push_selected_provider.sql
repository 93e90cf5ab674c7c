-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['tenant_domain', 'text', 'tenant_domain'],
    ['provider', 'text', 'provider'],
] %}
{{ auth0.staged('guardian_factor_push_selected_provider', columns, key=['tenant_domain']) }}
