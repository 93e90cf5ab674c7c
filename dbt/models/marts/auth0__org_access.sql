with access as (
    select
        memberships.organization_id,
        memberships.user_id,
        coalesce(roles.role_id, '') as role_id,
        roles.role_name,
        roles.is_direct,
        roles.is_by_group
    from {{ ref('int_auth0__memberships') }} as memberships
    left join {{ ref('int_auth0__organization_roles') }} as roles
        on roles.organization_id = memberships.organization_id
        and roles.user_id = memberships.user_id
)

select
    access.organization_id,
    organizations.name as organization_name,
    access.user_id,
    users.email,
    access.role_id,
    case when access.role_id = '' then '(no role)' else coalesce(roles.name, access.role_name) end as role_name,
    access.is_direct,
    access.is_by_group,
    coalesce(roles.permissions, 0) as permissions,
    coalesce(roles.privileged_permissions, 0) as privileged_permissions,
    coalesce(roles.is_privileged, false) as is_privileged,
    users.last_login_at,
    users.is_dormant,
    users.mfa_status
from access
left join {{ ref('stg_auth0__organizations') }} as organizations on organizations.organization_id = access.organization_id
left join {{ ref('int_auth0__roles') }} as roles on roles.role_id = access.role_id
left join {{ ref('auth0__users') }} as users on users.user_id = access.user_id
