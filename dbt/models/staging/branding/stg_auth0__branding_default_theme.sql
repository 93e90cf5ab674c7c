-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['tenant_domain', 'text', 'tenant_domain'],
    ['theme_id', 'text', 'themeId'],
    ['display_name', 'text', 'displayName'],
    ['borders', 'json', 'borders'],
    ['colors', 'json', 'colors'],
    ['fonts', 'json', 'fonts'],
    ['identifiers', 'json', 'identifiers'],
    ['page_background', 'json', 'page_background'],
    ['widget', 'json', 'widget'],
] %}
{{ auth0.staged('branding_default_theme', columns, key=['tenant_domain']) }}
