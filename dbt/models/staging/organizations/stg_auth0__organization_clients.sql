-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['organization_id', 'text', 'organization_id'],
    ['client_id', 'text', 'client_id'],
    ['use_for_member_access', 'boolean', 'use_for_member_access'],
    ['client', 'json', 'client'],
] %}
{{ auth0.staged('organization_clients', columns, key=['organization_id', 'client_id']) }}
