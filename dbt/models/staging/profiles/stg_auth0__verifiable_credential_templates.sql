-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['verifiable_credential_template_id', 'text', 'id'],
    ['name', 'text', 'name'],
    ['type', 'text', 'type'],
    ['dialect', 'text', 'dialect'],
    ['presentation', 'json', 'presentation'],
    ['custom_certificate_authority', 'text', 'custom_certificate_authority'],
    ['well_known_trusted_issuers', 'text', 'well_known_trusted_issuers'],
    ['created_at', 'timestamp', 'created_at'],
    ['updated_at', 'timestamp', 'updated_at'],
] %}
{{ auth0.staged('verifiable_credential_templates', columns, key=['verifiable_credential_template_id']) }}
