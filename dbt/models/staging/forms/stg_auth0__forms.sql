-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['form_id', 'text', 'id'],
    ['name', 'text', 'name'],
    ['description', 'text', 'description'],
    ['flow_count', 'integer', 'flow_count'],
    ['languages', 'json', 'languages'],
    ['messages', 'json', 'messages'],
    ['translations', 'json', 'translations'],
    ['nodes', 'json', 'nodes'],
    ['start', 'json', 'start'],
    ['ending', 'json', 'ending'],
    ['style', 'json', 'style'],
    ['tags', 'json', 'tags'],
    ['social', 'json', 'social'],
    ['created_at', 'timestamp', 'created_at'],
    ['updated_at', 'timestamp', 'updated_at'],
    ['embedded_at', 'text', 'embedded_at'],
    ['submitted_at', 'text', 'submitted_at'],
] %}
{{ auth0.staged('forms', columns, key=['form_id']) }}
