with users as (
    select connection, count(*) as users, count(distinct user_id) as people
    from {{ ref('auth0__user_identities') }}
    group by connection
),

logins as (
    select
        connection,
        count(case when is_login then 1 end) as logins,
        count(case when is_failed_login then 1 end) as failed_logins,
        max(case when is_login then occurred_at end) as last_login_at
    from {{ ref('auth0__log_events') }}
    where is_login or is_failed_login
    group by connection
),

keys as (
    select connection_id, max(case when is_current then current_since end) as key_current_since
    from {{ ref('stg_auth0__connection_keys') }}
    group by connection_id
),

clients as (
    select connection_id, count(*) as applications
    from {{ ref('stg_auth0__connection_clients') }}
    group by connection_id
)

select
    connections.connection_id,
    connections.name,
    connections.strategy,
    case
        when connections.strategy = 'auth0' then 'database'
        when connections.strategy in ('sms', 'email') then 'passwordless'
        when connections.strategy in {{ auth0.enterprise_strategies() }} then 'enterprise'
        else 'social'
    end as kind,
    coalesce(users.people, 0) as users,
    coalesce(clients.applications, 0) as applications,
    coalesce(logins.logins, 0) as logins,
    coalesce(logins.failed_logins, 0) as failed_logins,
    logins.last_login_at,
    cast({{ auth0.json_text('connections.options', 'expires') }} as {{ auth0.sql_type('timestamp') }}) as certificate_expires_at,
    keys.key_current_since
from {{ ref('stg_auth0__connections') }} as connections
left join users on users.connection = connections.name
left join logins on logins.connection = connections.name
left join keys on keys.connection_id = connections.connection_id
left join clients on clients.connection_id = connections.connection_id
