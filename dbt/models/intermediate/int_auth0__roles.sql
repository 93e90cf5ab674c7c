-- What each role allows, and whether it is a privileged one: by its name, or by a permission.
with permissions as (
    select
        role_id,
        count(*) as permissions,
        count(case when {{ auth0.like_any('permission_name', var('auth0_privileged_permission')) }} then 1 end) as privileged_permissions
    from {{ ref('stg_auth0__role_permissions') }}
    group by role_id
),

judged as (
    select
        roles.role_id,
        roles.name,
        coalesce(permissions.permissions, 0) as permissions,
        coalesce(permissions.privileged_permissions, 0) as privileged_permissions,
        {{ auth0.like_any('roles.name', var('auth0_privileged_role')) }} as is_privileged_by_name
    from {{ ref('stg_auth0__roles') }} as roles
    left join permissions on permissions.role_id = roles.role_id
)

select
    role_id,
    name,
    permissions,
    privileged_permissions,
    is_privileged_by_name or privileged_permissions > 0 as is_privileged,
    case
        when is_privileged_by_name and privileged_permissions > 0 then 'name and permissions'
        when is_privileged_by_name then 'name'
        when privileged_permissions > 0 then 'permissions'
    end as why_privileged
from judged
