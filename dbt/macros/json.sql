{#- What databases call differently in JSON. DuckDB and PostgreSQL are tested; Snowflake and BigQuery are written from their documents and
    have never run there. -#}

{#- A landed column as JSON, also where it landed as text. -#}
{% macro as_json(column, landed_type) -%}
    {{ return(adapter.dispatch('as_json', 'auth0')(column, auth0.is_json_type(landed_type))) }}
{%- endmacro %}

{% macro default__as_json(column, is_json) %}{{ return('cast(' ~ column ~ ' as json)') }}{% endmacro %}
{% macro duckdb__as_json(column, is_json) %}{{ return('try_cast(' ~ column ~ ' as json)') }}{% endmacro %}
{% macro postgres__as_json(column, is_json) %}{{ return('cast(' ~ column ~ ' as jsonb)') }}{% endmacro %}
{% macro snowflake__as_json(column, is_json) %}{{ return('to_variant(' ~ column ~ ')' if is_json else 'try_parse_json(' ~ column ~ ')') }}{% endmacro %}
{% macro bigquery__as_json(column, is_json) %}{{ return(column if is_json else 'safe.parse_json(' ~ column ~ ')') }}{% endmacro %}


{#- The text at a path of keys, such as `a.b`, in an object. -#}
{% macro json_text(json, path) -%}
    {{ return(adapter.dispatch('json_text', 'auth0')(json, path.split('.'))) }}
{%- endmacro %}

{% macro duckdb__json_text(json, keys) %}{{ return('json_extract_string(' ~ json ~ ", '$.\"" ~ keys | join('"."') ~ "\"')") }}{% endmacro %}
{% macro default__json_text(json, keys) %}{{ return('(' ~ json ~ " #>> '{" ~ keys | join(',') ~ "}')") }}{% endmacro %}
{% macro snowflake__json_text(json, keys) %}{{ return('cast(get_path(' ~ json ~ ", '" ~ keys | join('.') ~ "') as varchar)") }}{% endmacro %}
{% macro bigquery__json_text(json, keys) %}{{ return('json_value(' ~ json ~ ", '$." ~ keys | join('.') ~ "')") }}{% endmacro %}


{#- The list at a path of keys, as JSON; null where nothing is there. -#}
{% macro json_list(json, path) -%}
    {{ return(adapter.dispatch('json_list', 'auth0')(json, path.split('.'))) }}
{%- endmacro %}

{% macro duckdb__json_list(json, keys) %}{{ return('json_extract(' ~ json ~ ", '$.\"" ~ keys | join('"."') ~ "\"')") }}{% endmacro %}
{% macro default__json_list(json, keys) %}{{ return('(' ~ json ~ " #> '{" ~ keys | join(',') ~ "}')") }}{% endmacro %}
{% macro snowflake__json_list(json, keys) %}{{ return('get_path(' ~ json ~ ", '" ~ keys | join('.') ~ "')") }}{% endmacro %}
{% macro bigquery__json_list(json, keys) %}{{ return('json_query(' ~ json ~ ", '$." ~ keys | join('.') ~ "')") }}{% endmacro %}


{#- A value as text: a text without its quotation marks, anything else as JSON. -#}
{% macro json_scalar(json) %}{{ return(adapter.dispatch('json_scalar', 'auth0')(json)) }}{% endmacro %}

{% macro duckdb__json_scalar(json) %}{{ return('json_extract_string(' ~ json ~ ", '$')") }}{% endmacro %}
{% macro default__json_scalar(json) %}{{ return('(' ~ json ~ " #>> '{}')") }}{% endmacro %}
{% macro snowflake__json_scalar(json) %}{{ return('cast(' ~ json ~ ' as varchar)') }}{% endmacro %}
{% macro bigquery__json_scalar(json) %}{{ return('coalesce(json_value(' ~ json ~ '), to_json_string(' ~ json ~ '))') }}{% endmacro %}


{#- How many elements a list has; 0 where it is null or no list. -#}
{% macro json_length(json) %}{{ return('coalesce(' ~ adapter.dispatch('json_length', 'auth0')(json) ~ ', 0)') }}{% endmacro %}

{% macro duckdb__json_length(json) %}{{ return("case when json_type(" ~ json ~ ") = 'ARRAY' then json_array_length(" ~ json ~ ") end") }}{% endmacro %}
{% macro default__json_length(json) %}{{ return("case when jsonb_typeof(" ~ json ~ ") = 'array' then jsonb_array_length(" ~ json ~ ") end") }}{% endmacro %}
{% macro snowflake__json_length(json) %}{{ return('array_size(as_array(' ~ json ~ '))') }}{% endmacro %}
{% macro bigquery__json_length(json) %}{{ return('array_length(json_query_array(' ~ json ~ '))') }}{% endmacro %}


{#- Joins a row for each element of a list: `name.value` is the element, as JSON, and `name.position` its place, from 1. -#}
{% macro json_each(json, name) %}{{ return(adapter.dispatch('json_each', 'auth0')(json, name)) }}{% endmacro %}

{% macro duckdb__json_each(json, name) -%}
cross join lateral (
    select value, cast(key as integer) + 1 as position
    from json_each(case when json_type({{ json }}) = 'ARRAY' then {{ json }} end)
) as {{ name }}
{%- endmacro %}

{% macro default__json_each(json, name) -%}
cross join lateral jsonb_array_elements(
    case when jsonb_typeof({{ json }}) = 'array' then {{ json }} end
) with ordinality as {{ name }}(value, position)
{%- endmacro %}

{% macro snowflake__json_each(json, name) -%}
cross join lateral (
    select elements.value as value, elements.index + 1 as position
    from table(flatten(input => as_array({{ json }}))) as elements
) as {{ name }}
{%- endmacro %}

{#- An array of structs, so that `name.value` is the element's and not a field that it may have. -#}
{% macro bigquery__json_each(json, name) -%}
cross join unnest(array(
    select as struct element as value, place + 1 as position
    from unnest(json_query_array({{ json }})) as element with offset as place
)) as {{ name }}
{%- endmacro %}
