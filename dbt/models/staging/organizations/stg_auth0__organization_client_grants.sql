-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['organization_id', 'text', 'organization_id'],
    ['client_grant_id', 'text', 'id'],
    ['client_id', 'text', 'client_id'],
    ['audience', 'text', 'audience'],
    ['scope', 'json', 'scope'],
    ['organization_usage', 'text', 'organization_usage'],
    ['allow_any_organization', 'boolean', 'allow_any_organization'],
    ['subject_type', 'text', 'subject_type'],
] %}
{{ auth0.staged('organization_client_grants', columns, key=['organization_id', 'client_grant_id']) }}
