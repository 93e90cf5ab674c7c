{#- One stream's rows with the model's names and types, whatever the loader called them, and only those that are valid.

    columns: lists of a name, a type, and the stream's columns that it is made of, the first that is not null.
    parent: in streams whose rows say when their parent was read, the column that holds the parent's key.
    tombstones: whether rows may say that what they are of was deleted.

    A table that never landed gives no rows, a column that never landed gives nulls, both of the right type. -#}
{% macro staged(stream, columns, key, parent=none, tombstones=false) -%}
{%- do source('auth0', stream) -%}
{%- if parent or tombstones -%}
    {%- do source('auth0', 'user_deletions') -%}
{%- endif -%}
{%- if parent -%}
    {%- do source('auth0', 'readings') -%}
    {%- do source('auth0', 'users') -%}
{%- endif -%}
{%- if not execute -%}{{ return('') }}{%- endif -%}
{%- set table = auth0.landed(stream) -%}
{%- if table is none -%}
select * from (
    select
    {%- for column in columns %}
        cast(null as {{ auth0.sql_type(column[1]) }}) as {{ column[0] }},
    {%- endfor %}
        cast(null as {{ auth0.sql_type('timestamp') }}) as synced_at
) as absent
where 1 = 0
{%- else -%}
{%- set found = auth0.landed_columns(table) -%}
with landed as (
    select
    {%- for column in columns %}
        {{ auth0.first_of(found, column[2:], column[1]) }} as {{ column[0] }},
    {%- endfor %}
        {{ auth0.first_of(found, ['_airbyte_extracted_at', '_sdc_extracted_at'], 'timestamp') }} as synced_at
    from {{ table }}
)
{%- set rows = 'landed' -%}
{%- if var('auth0_append', false) -%}
    {%- set rows = 'newest' -%}
,
copies as (
    select
        landed.*,
        row_number() over (partition by {{ key | join(', ') }} order by synced_at desc) as copy
    from landed
),
newest as (
    select * from copies where copy = 1
)
{%- endif -%}
{%- if parent %}{{ auth0.last_readings(stream, rows, parent) }}{% endif -%}
{%- if tombstones and auth0.landed('user_deletions') is not none %},
deletions as (
    {{ auth0.deletions() }}
)
{%- endif %}
select
{%- for column in columns %}
    {{ rows }}.{{ column[0] }},
{%- endfor %}
    {{ rows }}.synced_at
from {{ rows }}
{%- if parent %}{{ auth0.join_last_readings(stream, rows, parent) }}{% endif -%}
{%- if tombstones %}{{ auth0.where_not_deleted(rows) }}{% endif -%}
{%- endif -%}
{%- endmacro %}


{#- The table of a stream as it landed, or none: by its name in lower case, or in upper case as Snowflake has it. -#}
{% macro landed(stream) -%}
    {%- if not execute -%}{{ return(none) }}{%- endif -%}
    {%- set database = var('auth0_database', none) or target.database -%}
    {%- set name = var('auth0_table_prefix', '') ~ stream -%}
    {%- for identifier in [name, name | lower, name | upper] -%}
        {%- set found = adapter.get_relation(database=database, schema=var('auth0_schema'), identifier=identifier) -%}
        {%- if found is not none -%}{{ return(found) }}{%- endif -%}
    {%- endfor -%}
    {{ return(none) }}
{%- endmacro %}


{#- Whether any of these streams landed; true while dbt only parses. -#}
{% macro is_landed(streams) -%}
    {%- if not execute -%}{{ return(true) }}{%- endif -%}
    {%- for stream in streams -%}
        {%- if auth0.landed(stream) is not none -%}{{ return(true) }}{%- endif -%}
    {%- endfor -%}
    {{ return(false) }}
{%- endmacro %}


{#- The columns of a landed table by their name in lower case, with _ for whatever is no letter and no digit: `clientID`, `clientid` and
    `CLIENTID` are one. -#}
{% macro landed_columns(table) -%}
    {%- set found = {} -%}
    {%- for column in adapter.get_columns_in_relation(table) -%}
        {%- do found.update({auth0.plain_name(column.name): column}) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}


{% macro plain_name(name) -%}
    {{ return(modules.re.sub('[^a-z0-9]', '_', name | lower)) }}
{%- endmacro %}


{#- The value of the first of these columns that landed and is not null, with a type; null where none landed. -#}
{% macro first_of(found, names, type) -%}
    {%- set values = [] -%}
    {%- for name in names -%}
        {%- set column = found.get(auth0.plain_name(name)) -%}
        {%- if column -%}{%- do values.append(auth0.typed(adapter.quote(column.name), column.dtype, type)) -%}{%- endif -%}
    {%- endfor -%}
    {%- if not values -%}
        {{ return('cast(null as ' ~ auth0.sql_type(type) ~ ')') }}
    {%- elif values | length == 1 -%}
        {{ return(values[0]) }}
    {%- endif -%}
    {{ return('coalesce(' ~ values | join(', ') ~ ')') }}
{%- endmacro %}
