{#- A column's type in this database, by keyword: text, boolean, integer, number, timestamp or json. -#}
{% macro sql_type(type) -%}
    {%- if type == 'text' -%}{{ return(dbt.type_string()) }}
    {%- elif type == 'boolean' -%}{{ return(dbt.type_boolean()) }}
    {%- elif type == 'integer' -%}{{ return(dbt.type_bigint()) }}
    {%- elif type == 'number' -%}{{ return(dbt.type_float()) }}
    {%- elif type == 'timestamp' -%}{{ return(adapter.dispatch('timestamp_type', 'auth0')()) }}
    {%- endif -%}
    {{ return(adapter.dispatch('json_type', 'auth0')()) }}
{%- endmacro %}

{#- Times are in UTC and carry no zone. -#}
{% macro default__timestamp_type() %}{{ return('timestamp') }}{% endmacro %}
{% macro snowflake__timestamp_type() %}{{ return('timestamp_ntz') }}{% endmacro %}
{% macro bigquery__timestamp_type() %}{{ return('datetime') }}{% endmacro %}

{% macro default__json_type() %}{{ return('json') }}{% endmacro %}
{% macro postgres__json_type() %}{{ return('jsonb') }}{% endmacro %}
{% macro snowflake__json_type() %}{{ return('variant') }}{% endmacro %}


{#- A landed column with a type, given the one that it landed with. -#}
{% macro typed(column, landed_type, type) -%}
    {%- if type == 'timestamp' -%}{{ return(auth0.in_utc(column, landed_type)) }}
    {%- elif type == 'json' -%}{{ return(auth0.as_json(column, landed_type)) }}
    {%- elif type == 'text' and auth0.is_json_type(landed_type) -%}{{ return(auth0.json_scalar(column)) }}
    {%- endif -%}
    {{ return('cast(' ~ column ~ ' as ' ~ auth0.sql_type(type) ~ ')') }}
{%- endmacro %}

{% macro is_json_type(type) -%}
    {{ return(type | lower | replace('jsonb', 'json') in ('json', 'variant', 'object', 'array', 'super')) }}
{%- endmacro %}


{#- A time as UTC without a zone. A plain cast would take the session's zone. -#}
{% macro in_utc(column, landed_type) -%}
    {{ return(adapter.dispatch('in_utc', 'auth0')(column, landed_type | lower)) }}
{%- endmacro %}

{% macro default__in_utc(column, landed_type) -%}
    {%- if 'with time zone' in landed_type or 'timestamptz' in landed_type -%}
        {{ return('(' ~ column ~ " at time zone 'UTC')") }}
    {%- elif 'char' in landed_type or landed_type in ('text', 'string') -%}
        {{ return('(cast(' ~ column ~ " as timestamp with time zone) at time zone 'UTC')") }}
    {%- endif -%}
    {{ return('cast(' ~ column ~ ' as timestamp)') }}
{%- endmacro %}

{% macro snowflake__in_utc(column, landed_type) -%}
    {%- if 'ntz' in landed_type or landed_type == 'timestamp' -%}
        {{ return('cast(' ~ column ~ ' as timestamp_ntz)') }}
    {%- endif -%}
    {{ return("cast(convert_timezone('UTC', cast(" ~ column ~ ' as timestamp_tz)) as timestamp_ntz)') }}
{%- endmacro %}

{% macro bigquery__in_utc(column, landed_type) -%}
    {%- if landed_type == 'datetime' -%}{{ return(column) }}{%- endif -%}
    {{ return('datetime(cast(' ~ column ~ " as timestamp), 'UTC')") }}
{%- endmacro %}


{#- The day that counts as today: `auth0_today`, else today in UTC. -#}
{% macro today() -%}
    {%- if var('auth0_today', none) -%}{{ return("cast('" ~ var('auth0_today') ~ "' as date)") }}{%- endif -%}
    {{ return(adapter.dispatch('today', 'auth0')()) }}
{%- endmacro %}

{% macro default__today() %}{{ return("cast(current_timestamp at time zone 'UTC' as date)") }}{% endmacro %}
{% macro snowflake__today() %}{{ return("cast(convert_timezone('UTC', current_timestamp()) as date)") }}{% endmacro %}
{% macro bigquery__today() %}{{ return("current_date('UTC')") }}{% endmacro %}


{#- Whole days from one date or time to a later one, null where either is. -#}
{% macro days_between(earlier, later) -%}
    {{ return(dbt.datediff('cast(' ~ earlier ~ ' as date)', 'cast(' ~ later ~ ' as date)', 'day')) }}
{%- endmacro %}

{#- A date some days later. -#}
{% macro days_later(date, days) -%}
    {{ return('cast(' ~ dbt.dateadd('day', days, date) ~ ' as date)') }}
{%- endmacro %}

{#- The first day of a date's month. -#}
{% macro month_of(date) -%}
    {{ return('cast(' ~ dbt.date_trunc('month', date) ~ ' as date)') }}
{%- endmacro %}

{#- Whether a text is like any of these patterns. -#}
{% macro like_any(text, patterns) -%}
    {%- set found = [] -%}
    {%- for pattern in patterns -%}
        {%- do found.append('lower(' ~ text ~ ") like '" ~ pattern | lower | replace("'", "''") ~ "'") -%}
    {%- endfor -%}
    {{ return('(' ~ (found | join(' or ') or '1 = 0') ~ ')') }}
{%- endmacro %}
