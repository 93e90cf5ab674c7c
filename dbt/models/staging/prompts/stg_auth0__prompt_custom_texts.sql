-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['prompt', 'text', 'prompt'],
    ['language', 'text', 'language'],
    ['texts', 'json', 'texts'],
] %}
{{ auth0.staged('prompt_custom_texts', columns, key=['prompt', 'language']) }}
