with members as (
    select
        organization_id,
        count(distinct user_id) as members,
        count(distinct case when is_privileged then user_id end) as privileged_members,
        count(distinct case when is_dormant then user_id end) as dormant_members
    from {{ ref('auth0__org_access') }}
    group by organization_id
),

connections as (
    select
        enabled.organization_id,
        count(*) as connections,
        max(case when connections.strategy in {{ auth0.enterprise_strategies() }} then 1 else 0 end) = 1 as has_sso
    from {{ ref('stg_auth0__organization_enabled_connections') }} as enabled
    left join {{ ref('stg_auth0__connections') }} as connections on connections.connection_id = enabled.connection_id
    group by enabled.organization_id
),

domains as (
    select
        organization_id,
        count(*) as domains,
        count(case when status = 'verified' then 1 end) as verified_domains
    from {{ ref('stg_auth0__organization_discovery_domains') }}
    group by organization_id
),

logins as (
    select organization_id, count(*) as logins, max(occurred_at) as last_login_at
    from {{ ref('auth0__log_events') }}
    where is_login
    group by organization_id
)

select
    organizations.organization_id,
    organizations.name,
    organizations.display_name,
    coalesce(members.members, 0) as members,
    coalesce(members.privileged_members, 0) as privileged_members,
    coalesce(members.dormant_members, 0) as dormant_members,
    coalesce(connections.connections, 0) as connections,
    coalesce(connections.has_sso, false) as has_sso,
    coalesce(domains.domains, 0) as domains,
    coalesce(domains.verified_domains, 0) as verified_domains,
    coalesce(logins.logins, 0) as logins,
    logins.last_login_at
from {{ ref('stg_auth0__organizations') }} as organizations
left join members on members.organization_id = organizations.organization_id
left join connections on connections.organization_id = organizations.organization_id
left join domains on domains.organization_id = organizations.organization_id
left join logins on logins.organization_id = organizations.organization_id
