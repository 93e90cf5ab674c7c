-- Written by `python -m tools.warehouse.generate` from the stream files.
{% set columns = [
    ['client_grant_id', 'text', 'id'],
    ['client_id', 'text', 'client_id'],
    ['audience', 'text', 'audience'],
    ['scope', 'json', 'scope'],
    ['subject_type', 'text', 'subject_type'],
    ['organization_usage', 'text', 'organization_usage'],
    ['allow_any_organization', 'boolean', 'allow_any_organization'],
    ['allow_all_scopes', 'boolean', 'allow_all_scopes'],
    ['authorization_details_types', 'json', 'authorization_details_types'],
    ['default_for', 'text', 'default_for'],
    ['is_system', 'boolean', 'is_system'],
] %}
{{ auth0.staged('client_grants', columns, key=['client_grant_id']) }}
