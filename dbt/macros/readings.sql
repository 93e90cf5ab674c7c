{#- Which rows of streams that follow changes are valid. Auth0 tells what is there and never what is gone: a role that was taken away sends
    no row, and the row of before stays in the table.

    Valid are the rows of their parent's latest reading, unless something says that a later one found nothing. `readings` does: its row of
    the parent has the time of the last reading, and its row `*` the time from which on all parents were read. Rows newer than that are of a
    sync whose rows of `readings` have not landed yet. Where neither is there, a user who changed since the latest reading says so.

    Rows without `read_at` are of a stream that is read in full: all are valid. -#}
{% macro last_readings(stream, rows, parent) -%}
,
latest as (
    select {{ parent }} as parent_id, max(read_at) as read_at from {{ rows }} group by 1
)
{%- set readings = auth0.landed('readings') -%}
{%- if readings is not none -%}
{%- set found = auth0.landed_columns(readings) -%}
,
readings as (
    select
        {{ auth0.first_of(found, ['parent_id'], 'text') }} as parent_id,
        max({{ auth0.first_of(found, ['read_at'], 'timestamp') }}) as read_at
    from {{ readings }}
    where {{ auth0.first_of(found, ['stream'], 'text') }} = '{{ stream }}'
    group by 1
)
{%- endif -%}
{%- if parent == 'user_id' -%}
{%- set users = auth0.landed('users') -%}
{%- if users is not none -%}
{%- set found = auth0.landed_columns(users) -%}
,
users as (
    select
        {{ auth0.first_of(found, ['user_id'], 'text') }} as user_id,
        max({{ auth0.first_of(found, ['updated_at'], 'timestamp') }}) as updated_at
    from {{ users }}
    group by 1
)
{%- endif -%}
{%- if auth0.landed('user_deletions') is not none -%}
,
deletions as (
    {{ auth0.deletions() }}
)
{%- endif -%}
{%- endif -%}
{%- endmacro %}


{% macro join_last_readings(stream, rows, parent) -%}
{%- set with_readings = auth0.landed('readings') is not none -%}
{%- set with_users = parent == 'user_id' and auth0.landed('users') is not none -%}
{%- set with_deletions = parent == 'user_id' and auth0.landed('user_deletions') is not none %}
left join latest on latest.parent_id = {{ rows }}.{{ parent }}
{%- if with_readings %}
left join readings on readings.parent_id = {{ rows }}.{{ parent }}
left join readings as everybody on everybody.parent_id = '*'
{%- endif %}
{%- if with_users %}
left join users on users.user_id = {{ rows }}.{{ parent }}
{%- endif %}
{%- if with_deletions %}
left join deletions on deletions.user_id = {{ rows }}.{{ parent }}
{%- endif %}
where (latest.read_at is null or {{ rows }}.read_at = latest.read_at)
{%- if with_readings %}
    and (readings.read_at is null or {{ rows }}.read_at >= readings.read_at)
    and (everybody.read_at is null or {{ rows }}.read_at >= everybody.read_at)
{%- endif %}
{%- if with_users %}
    and (
        {%- if with_readings %}
        readings.parent_id is not null
        or everybody.parent_id is not null
        or{% endif %} (
            users.user_id is not null
            and (users.updated_at is null or users.updated_at <= {{ rows }}.read_at)
        )
    )
{%- endif %}
{%- if with_deletions %}
    and (deletions.deleted_at is null or deletions.deleted_at < {{ rows }}.read_at)
{%- endif -%}
{%- endmacro %}


{#- When each user was last deleted, by the log. -#}
{% macro deletions() -%}
{%- set table = auth0.landed('user_deletions') -%}
{%- set found = auth0.landed_columns(table) -%}
select
        {{ auth0.first_of(found, ['user_id'], 'text') }} as user_id,
        max({{ auth0.first_of(found, ['deleted_at'], 'timestamp') }}) as deleted_at
    from {{ table }}
    group by 1
{%- endmacro %}


{#- Leaves out rows that say that their user was deleted, and rows that are older than a deletion in `user_deletions`: an incremental sync
    does not notice that somebody is gone. Who was created again is there. -#}
{% macro where_not_deleted(rows) -%}
{%- if auth0.landed('user_deletions') is not none %}
left join deletions on deletions.user_id = {{ rows }}.user_id
where {{ rows }}.deleted_at is null
    and (
        deletions.deleted_at is null
        or deletions.deleted_at < coalesce({{ rows }}.updated_at, {{ rows }}.created_at, {{ rows }}.synced_at)
    )
{%- else %}
where {{ rows }}.deleted_at is null
{%- endif -%}
{%- endmacro %}
