-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['token_exchange_profile_id', 'text', 'id'],
    ['name', 'text', 'name'],
    ['type', 'text', 'type'],
    ['subject_token_type', 'text', 'subject_token_type'],
    ['action_id', 'text', 'action_id'],
    ['created_at', 'timestamp', 'created_at'],
    ['updated_at', 'timestamp', 'updated_at'],
] %}
{{ auth0.staged('token_exchange_profiles', columns, key=['token_exchange_profile_id']) }}
