-- Written by `python -m tools.warehouse.generate` from the stream files.
{% set columns = [
    ['rule_id', 'text', 'id'],
    ['name', 'text', 'name'],
    ['enabled', 'boolean', 'enabled'],
    ['script', 'text', 'script'],
    ['script_sha256', 'text', 'script_sha256'],
    ['position', 'number', 'order'],
    ['stage', 'text', 'stage'],
] %}
{{ auth0.staged('rules', columns, key=['rule_id']) }}
