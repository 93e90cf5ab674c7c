-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['device_credential_id', 'text', 'id'],
    ['type', 'text', 'type'],
    ['user_id', 'text', 'user_id'],
    ['client_id', 'text', 'client_id'],
    ['device_id', 'text', 'device_id'],
    ['device_name', 'text', 'device_name'],
] %}
{{ auth0.staged('device_credentials', columns, key=['device_credential_id']) }}
