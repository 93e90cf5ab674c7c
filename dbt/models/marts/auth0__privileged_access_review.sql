with held as (
    select user_id, role_id, '' as organization_id, is_direct, is_by_group
    from {{ ref('int_auth0__user_roles') }}
    union all
    select user_id, role_id, organization_id, is_direct, is_by_group
    from {{ ref('int_auth0__organization_roles') }}
),

assignments as (
    -- From the user's side the role is what was assigned, from the role's side the user; in an organization, below its member.
    select
        changes.parent_id as user_id,
        {{ auth0.json_scalar('assigned.value') }} as role_id,
        case
            when changes.entity_type = 'organization_member_roles' then {{ dbt.split_part('changes.path', "'/'", 2) }}
            else ''
        end as organization_id,
        changes.occurred_at
    from {{ ref('stg_auth0__changes') }} as changes
    {{ auth0.json_each('changes.entity_ids', 'assigned') }}
    where changes.method = 'POST' and changes.entity_type in ('user_roles', 'organization_member_roles')
    union all
    select
        {{ auth0.json_scalar('assigned.value') }} as user_id,
        changes.parent_id as role_id,
        '' as organization_id,
        changes.occurred_at
    from {{ ref('stg_auth0__changes') }} as changes
    {{ auth0.json_each('changes.entity_ids', 'assigned') }}
    where changes.method = 'POST' and changes.entity_type = 'role_users'
),

last_assignments as (
    select user_id, role_id, organization_id, max(occurred_at) as last_assigned_at
    from assignments
    group by user_id, role_id, organization_id
)

select
    held.user_id,
    users.email,
    held.role_id,
    roles.name as role_name,
    held.organization_id,
    organizations.name as organization_name,
    roles.why_privileged,
    held.is_direct,
    held.is_by_group,
    users.last_login_at,
    users.days_idle,
    users.mfa_status,
    users.strongest_factor,
    users.is_blocked,
    last_assignments.last_assigned_at,
    case
        when users.user_id is null then 'unknown_user'
        when users.is_blocked then 'blocked_but_privileged'
        when users.is_dormant then 'dormant'
        when users.mfa_status in ('none', 'pending') then 'no_mfa'
        when users.mfa_status = 'enrolled' and users.strongest_factor = 'phone_or_email' then 'weak_mfa'
        else 'ok'
    end as finding,
    {{ auth0.today() }} as as_of
from held
inner join {{ ref('int_auth0__roles') }} as roles on roles.role_id = held.role_id and roles.is_privileged
left join {{ ref('auth0__users') }} as users on users.user_id = held.user_id
left join {{ ref('stg_auth0__organizations') }} as organizations on organizations.organization_id = held.organization_id
left join last_assignments
    on last_assignments.user_id = held.user_id
    and last_assignments.role_id = held.role_id
    and last_assignments.organization_id = held.organization_id
