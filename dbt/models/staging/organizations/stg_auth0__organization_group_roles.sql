-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['organization_id', 'text', 'organization_id'],
    ['group_id', 'text', 'group_id'],
    ['role_id', 'text', 'id'],
    ['name', 'text', 'name'],
    ['description', 'text', 'description'],
    ['type', 'text', 'type'],
    ['owner_id', 'text', 'owner_id'],
] %}
{{ auth0.staged('organization_group_roles', columns, key=['organization_id', 'group_id', 'role_id']) }}
