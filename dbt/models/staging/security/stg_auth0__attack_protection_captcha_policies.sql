-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['attack_protection_captcha_policy_id', 'text', 'id'],
    ['name', 'text', 'name'],
    ['description', 'text', 'description'],
    ['priority', 'integer', 'priority'],
    ['match', 'json', 'match'],
    ['action', 'json', 'action'],
    ['created_at', 'timestamp', 'created_at'],
    ['updated_at', 'timestamp', 'updated_at'],
] %}
{{ auth0.staged('attack_protection_captcha_policies', columns, key=['attack_protection_captcha_policy_id']) }}
