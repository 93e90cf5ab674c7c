-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['network_acl_key_id', 'text', 'id'],
    ['name', 'text', 'name'],
    ['alg', 'text', 'alg'],
    ['fingerprint', 'text', 'fingerprint'],
    ['created_at', 'timestamp', 'created_at'],
    ['updated_at', 'timestamp', 'updated_at'],
] %}
{{ auth0.staged('network_acl_keys', columns, key=['network_acl_key_id']) }}
