-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['organization_id', 'text', 'organization_id'],
    ['role_id', 'text', 'role_id'],
    ['user_id', 'text', 'user_id'],
    ['name', 'text', 'name'],
    ['email', 'text', 'email'],
    ['picture', 'text', 'picture'],
] %}
{{ auth0.staged('organization_role_members', columns, key=['organization_id', 'role_id', 'user_id']) }}
