with user_days as (
    select
        user_id,
        day,
        lag(day) over (partition by user_id order by day) as earlier,
        lead(day) over (partition by user_id order by day) as later
    from (select distinct user_id, day from {{ ref('auth0__log_events') }} where is_activity) as active
),

login_days as (
    select
        user_id,
        day,
        lag(day) over (partition by user_id order by day) as earlier,
        lead(day) over (partition by user_id order by day) as later
    from (select distinct user_id, day from {{ ref('auth0__log_events') }} where is_login) as logged_in
),

log as (
    select min(day) as first_day, max(day) as last_day from {{ ref('auth0__log_events') }}
),

digits as (
    {{ auth0.digits() }}
),

numbers as (
    {{ auth0.numbers() }}
),

days as (
    select {{ auth0.days_later('log.first_day', 'numbers.number') }} as day
    from log
    cross join numbers
    where numbers.number <= {{ auth0.days_between('log.first_day', 'log.last_day') }}
),

{% for name, user_days, window in [('d1', 'user_days', 1), ('d7', 'user_days', 7), ('d30', 'user_days', 30), ('l30', 'login_days', 30)] %}
{{ name }} as (
    {{ auth0.active_users(user_days, window) }}
),
{% endfor %}

changes as (
    select
        days.day,
        coalesce(d1.change, 0) as d1,
        coalesce(d7.change, 0) as d7,
        coalesce(d30.change, 0) as d30,
        coalesce(l30.change, 0) as l30
    from days
    left join d1 on d1.day = days.day
    left join d7 on d7.day = days.day
    left join d30 on d30.day = days.day
    left join l30 on l30.day = days.day
)

select
    changes.day,
    cast(sum(changes.d1) over (order by changes.day rows between unbounded preceding and current row) as {{ auth0.sql_type('integer') }}) as active_users_1d,
    cast(sum(changes.d7) over (order by changes.day rows between unbounded preceding and current row) as {{ auth0.sql_type('integer') }}) as active_users_7d,
    cast(sum(changes.d30) over (order by changes.day rows between unbounded preceding and current row) as {{ auth0.sql_type('integer') }}) as active_users_30d,
    cast(sum(changes.l30) over (order by changes.day rows between unbounded preceding and current row) as {{ auth0.sql_type('integer') }}) as logged_in_users_30d,
    {{ auth0.days_between('log.first_day', 'changes.day') }} >= 7 as is_7d_complete,
    {{ auth0.days_between('log.first_day', 'changes.day') }} >= 30 as is_30d_complete
from changes
cross join log
