-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['day', 'timestamp', 'date'],
    ['logins', 'integer', 'logins'],
    ['signups', 'integer', 'signups'],
    ['leaked_passwords', 'integer', 'leaked_passwords'],
    ['leaked_passwords_signup', 'integer', 'leaked_passwords_signup'],
    ['created_at', 'timestamp', 'created_at'],
    ['updated_at', 'timestamp', 'updated_at'],
] %}
{{ auth0.staged('daily_stats', columns, key=['day']) }}
