-- Written by `python -m tools.warehouse.generate` from the stream files.
{% set columns = [
    ['hook_id', 'text', 'id'],
    ['name', 'text', 'name'],
    ['trigger_id', 'text', 'triggerId'],
    ['enabled', 'boolean', 'enabled'],
    ['script', 'text', 'script'],
    ['script_sha256', 'text', 'script_sha256'],
    ['dependencies', 'json', 'dependencies'],
] %}
{{ auth0.staged('hooks', columns, key=['hook_id']) }}
