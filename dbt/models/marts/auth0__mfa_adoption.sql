select
    coalesce(users.connection, '') as connection,
    mfa.mfa_status,
    coalesce(mfa.strongest_factor, '') as strongest_factor,
    count(*) as users,
    count(case when {{ auth0.days_between('users.last_login_at', auth0.today()) }} <= 30 then 1 end) as active_users,
    count(case when mfa.sources_disagree then 1 end) as users_where_sources_disagree
from {{ ref('auth0__users') }} as users
inner join {{ ref('auth0__user_mfa') }} as mfa on mfa.user_id = users.user_id
group by 1, 2, 3
