-- Written by `python -m tools.warehouse.generate` from the stream files.
{% set columns = [
    ['code', 'text', 'code'],
    ['name', 'text', 'name'],
    ['log_group', 'text', 'group'],
    ['outcome', 'text', 'outcome'],
    ['description', 'text', 'description'],
] %}
{{ auth0.staged('log_types', columns, key=['code']) }}
