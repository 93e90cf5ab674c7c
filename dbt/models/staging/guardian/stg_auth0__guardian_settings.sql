-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['tenant_domain', 'text', 'tenant_domain'],
    ['display_remember_me_checkbox', 'boolean', 'display_remember_me_checkbox'],
    ['remember_me_default_value', 'boolean', 'remember_me_default_value'],
    ['mfa_session_inactivity_timeout', 'integer', 'mfa_session_inactivity_timeout'],
    ['mfa_session_overall_timeout', 'integer', 'mfa_session_overall_timeout'],
] %}
{{ auth0.staged('guardian_settings', columns, key=['tenant_domain']) }}
