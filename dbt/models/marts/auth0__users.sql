with roles as (
    select user_id, count(distinct role_id) as roles
    from {{ ref('int_auth0__user_roles') }}
    group by user_id
),

organizations as (
    select user_id, count(*) as organizations
    from {{ ref('int_auth0__memberships') }}
    group by user_id
),

accounts as (
    select
        user_id,
        count(*) as identities,
        max(case when position = 1 then provider end) as provider,
        max(case when position = 1 then connection end) as connection
    from {{ ref('auth0__user_identities') }}
    group by user_id
)

select
    users.user_id,
    users.email,
    coalesce(users.email_verified, false) as is_email_verified,
    users.name,
    accounts.connection,
    accounts.provider,
    coalesce(accounts.identities, 0) as identities,
    users.created_at,
    users.updated_at,
    users.last_login as last_login_at,
    users.last_password_reset as password_reset_at,
    coalesce(users.logins_count, 0) as logins,
    coalesce(users.blocked, false) as is_blocked,
    {{ 'coalesce(roles.roles, 0)' if auth0.is_landed(['role_users', 'user_roles', 'group_roles']) else 'roles.roles' }} as roles,
    {{ 'coalesce(organizations.organizations, 0)' if auth0.is_landed(['organization_members', 'user_organizations']) else 'organizations.organizations' }} as organizations,
    mfa.mfa_status,
    mfa.strongest_factor,
    {{ auth0.days_between('coalesce(users.last_login, users.created_at)', auth0.today()) }} as days_idle,
    coalesce({{ auth0.days_between('coalesce(users.last_login, users.created_at)', auth0.today()) }} > {{ var('auth0_dormant_days') }}, false) as is_dormant,
    users.last_login is null as has_never_logged_in,
    users.synced_at
from {{ ref('stg_auth0__users') }} as users
left join accounts on accounts.user_id = users.user_id
left join roles on roles.user_id = users.user_id
left join organizations on organizations.user_id = users.user_id
left join {{ ref('auth0__user_mfa') }} as mfa on mfa.user_id = users.user_id
