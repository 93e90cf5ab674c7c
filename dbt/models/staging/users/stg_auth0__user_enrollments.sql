-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['user_id', 'text', 'user_id'],
    ['read_at', 'timestamp', 'read_at'],
    ['user_enrollment_id', 'text', 'id'],
    ['status', 'text', 'status'],
    ['type', 'text', 'type'],
    ['name', 'text', 'name'],
    ['identifier', 'text', 'identifier'],
    ['phone_number', 'text', 'phone_number'],
    ['auth_method', 'text', 'auth_method'],
    ['enrolled_at', 'timestamp', 'enrolled_at'],
    ['last_auth', 'timestamp', 'last_auth'],
] %}
{{ auth0.staged('user_enrollments', columns, key=['user_id', 'user_enrollment_id'], parent='user_id') }}
