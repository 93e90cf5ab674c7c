-- Which member holds which role in which organization, directly or through a group. Groups are known where
-- `organization_member_effective_roles` is synced; else `is_by_group` is null.
with held as (
    select organization_id, user_id, role_id, name, 1 as is_direct, 0 as is_by_group
    from {{ ref('stg_auth0__organization_member_roles') }}
    union all
    select
        roles.organization_id,
        roles.user_id,
        roles.role_id,
        roles.name,
        case when {{ auth0.json_scalar('source.value') }} = 'direct' then 1 else 0 end as is_direct,
        case when {{ auth0.json_scalar('source.value') }} = 'groups' then 1 else 0 end as is_by_group
    from {{ ref('stg_auth0__organization_member_effective_roles') }} as roles
    {{ auth0.json_each('roles.sources', 'source') }}
)

select
    organization_id,
    user_id,
    role_id,
    max(name) as role_name,
    max(is_direct) = 1 as is_direct,
    {{ 'max(is_by_group) = 1' if auth0.is_landed(['organization_member_effective_roles']) else 'cast(null as ' ~ dbt.type_boolean() ~ ')' }} as is_by_group
from held
group by organization_id, user_id, role_id
