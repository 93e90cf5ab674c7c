-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['prompt', 'text', 'prompt'],
    ['screen', 'text', 'screen'],
    ['tenant', 'text', 'tenant'],
    ['rendering_mode', 'text', 'rendering_mode'],
    ['context_configuration', 'json', 'context_configuration'],
    ['default_head_tags_disabled', 'boolean', 'default_head_tags_disabled'],
    ['use_page_template', 'boolean', 'use_page_template'],
    ['head_tags', 'json', 'head_tags'],
    ['filters', 'json', 'filters'],
] %}
{{ auth0.staged('prompt_renderings', columns, key=['prompt', 'screen']) }}
