-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['type', 'text', 'type'],
    ['branding_phone_template_id', 'text', 'id'],
    ['tenant', 'text', 'tenant'],
    ['channel', 'text', 'channel'],
    ['disabled', 'boolean', 'disabled'],
    ['customizable', 'boolean', 'customizable'],
    ['content', 'json', 'content'],
    ['created_at', 'timestamp', 'created_at'],
    ['updated_at', 'timestamp', 'updated_at'],
] %}
{{ auth0.staged('branding_phone_templates', columns, key=['type']) }}
