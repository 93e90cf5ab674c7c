{#- How many users were active within so many days before each day, that day included, as rows of `day` and `users`.

    Distinct users of a rolling window, without joining every day with every day before it: a user's days are a chain, in which a user becomes
    active where the day before lies farther back than the window, and stops being so a window after a day that nothing follows in time.
    user_days: a relation of distinct `user_id` and `day`. -#}
{% macro active_users(user_days, window) -%}
    select day, sum(change) as change
    from (
        select day, 1 as change
        from {{ user_days }}
        where earlier is null or {{ auth0.days_between('earlier', 'day') }} >= {{ window }}
        union all
        select {{ auth0.days_later('day', window) }} as day, -1 as change
        from {{ user_days }}
        where later is null or {{ auth0.days_between('day', 'later') }} >= {{ window }}
    ) as changes
    group by day
{%- endmacro %}

{#- The numbers from 0 to 9,999. -#}
{% macro numbers() -%}
    select a.digit + 10 * b.digit + 100 * c.digit + 1000 * d.digit as number
    from digits as a
    cross join digits as b
    cross join digits as c
    cross join digits as d
{%- endmacro %}

{% macro digits() -%}
    {%- for digit in range(10) %}
    select {{ digit }} as digit{{ ' union all' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
