-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['user_grant_id', 'text', 'id'],
    ['user_id', 'text', 'user_id'],
    ['client_id', 'text', 'clientID'],
    ['audience', 'text', 'audience'],
    ['scope', 'json', 'scope'],
    ['organization_id', 'text', 'organization_id'],
] %}
{{ auth0.staged('user_grants', columns, key=['user_grant_id']) }}
