-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['prompt', 'text', 'prompt'],
    ['partials', 'json', 'partials'],
] %}
{{ auth0.staged('prompt_partials', columns, key=['prompt']) }}
