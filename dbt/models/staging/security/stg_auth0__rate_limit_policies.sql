-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['rate_limit_policy_id', 'text', 'id'],
    ['resource', 'text', 'resource'],
    ['consumer', 'text', 'consumer'],
    ['consumer_selector', 'text', 'consumer_selector'],
    ['configuration', 'json', 'configuration'],
    ['created_at', 'timestamp', 'created_at'],
    ['updated_at', 'timestamp', 'updated_at'],
] %}
{{ auth0.staged('rate_limit_policies', columns, key=['rate_limit_policy_id']) }}
