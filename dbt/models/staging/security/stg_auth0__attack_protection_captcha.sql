-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['tenant_domain', 'text', 'tenant_domain'],
    ['active_provider_id', 'text', 'active_provider_id'],
    ['arkose', 'json', 'arkose'],
    ['auth_challenge', 'json', 'auth_challenge'],
    ['hcaptcha', 'json', 'hcaptcha'],
    ['friendly_captcha', 'json', 'friendly_captcha'],
    ['recaptcha_enterprise', 'json', 'recaptcha_enterprise'],
    ['recaptcha_v2', 'json', 'recaptcha_v2'],
    ['simple_captcha', 'json', 'simple_captcha'],
] %}
{{ auth0.staged('attack_protection_captcha', columns, key=['tenant_domain']) }}
