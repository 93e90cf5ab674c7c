with log as (
    select min(day) as first_day, max(day) as last_day from {{ ref('auth0__log_events') }}
),

months as (
    select
        {{ auth0.month_of('day') }} as month,
        count(distinct case when is_activity then user_id end) as active_users,
        count(distinct case when is_login then user_id end) as logged_in_users
    from {{ ref('auth0__log_events') }}
    group by 1
)

select
    months.month,
    months.active_users,
    months.logged_in_users,
    log.first_day < months.month as is_complete_at_its_beginning,
    {{ auth0.month_of('log.last_day') }} > months.month as is_over,
    log.first_day < months.month and {{ auth0.month_of('log.last_day') }} > months.month as is_complete
from months
cross join log
