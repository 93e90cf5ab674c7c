{#- Values that the stream named does not have. A warning: a user or an application that was deleted lives on in logs. Where that stream
    never landed there is nothing to compare with. -#}
{% test points_to(model, column_name, stream, field) %}
{{ config(severity='warn') }}
{%- do source('auth0', stream) -%}
{%- set target_table = auth0.landed(stream) -%}
{%- set key = auth0.landed_columns(target_table).get(auth0.plain_name(field)) if target_table is not none else none -%}
{%- if not key %}
select {{ column_name }} from {{ model }} where 1 = 0
{%- else %}
select distinct pointing.{{ column_name }}
from {{ model }} as pointing
left join {{ target_table }} as pointed on pointed.{{ adapter.quote(key.name) }} = pointing.{{ column_name }}
where pointing.{{ column_name }} <> ''
    and pointed.{{ adapter.quote(key.name) }} is null
{%- endif %}
{% endtest %}
