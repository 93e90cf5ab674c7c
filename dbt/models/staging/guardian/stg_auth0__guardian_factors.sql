-- Written by `python -m tools.warehouse.generate` from the stream files.
{% set columns = [
    ['name', 'text', 'name'],
    ['enabled', 'boolean', 'enabled'],
    ['trial_expired', 'boolean', 'trial_expired'],
    ['settings', 'json', 'settings'],
] %}
{{ auth0.staged('guardian_factors', columns, key=['name']) }}
