-- One row a stream of the connector, from the package's sources, with whether a table of it is there.
{%- set tables = [] %}
{%- if execute %}
    {%- for node in graph.sources.values() if node.source_name == 'auth0' and node.package_name == 'auth0' %}
        {%- do tables.append(node) %}
    {%- endfor %}
{%- endif %}
{%- for table in tables | sort(attribute='name') %}
{%- set meta = table.config.meta %}
select
    '{{ table.name }}' as stream,
    '{{ meta.get('family', '') }}' as family,
    '{{ meta.get('scopes', []) | join(' ') }}' as scopes,
    {{ 'true' if auth0.is_landed([table.name]) else 'false' }} as is_landed
{{ 'union all' if not loop.last }}
{%- else %}
select '' as stream, '' as family, '' as scopes, false as is_landed
{%- endfor %}
