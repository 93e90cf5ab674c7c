-- One row a check. What was not synced is `not_known`, never fine.
{%- set enabled = "coalesce(enabled, false)" %}
{%- set checks = [
    ('mfa_policy', ref('stg_auth0__guardian_policies'), 'any', auth0.json_length('policies') ~ ' > 0', 'a second factor is asked for by policy'),
    ('strong_factor_on', ref('stg_auth0__guardian_factors'), 'any', enabled ~ " and name in ('webauthn-roaming', 'webauthn-platform', 'otp', 'push-notification')", 'factors that are on and no phone call away'),
    ('brute_force_protection', ref('stg_auth0__attack_protection_brute_force_protection'), 'any', enabled, 'on'),
    ('suspicious_ip_throttling', ref('stg_auth0__attack_protection_suspicious_ip_throttling'), 'any', enabled, 'on'),
    ('breached_password_detection', ref('stg_auth0__attack_protection_breached_password_detection'), 'any', enabled, 'on'),
    ('bot_detection', ref('stg_auth0__attack_protection_bot_detection'), 'any', "coalesce(bot_detection_level, 'off') <> 'off' and not coalesce(monitoring_mode_enabled, false)", 'on, and not only watching'),
    ('log_stream', ref('stg_auth0__log_streams'), 'any', "status = 'active'", 'streams that keep the log beyond its retention'),
    ('own_email_provider', ref('stg_auth0__email_provider'), 'any', enabled, 'on'),
    ('custom_domain', ref('stg_auth0__custom_domains'), 'any', "status = 'ready'", 'domains that are ready'),
    ('universal_login', ref('stg_auth0__prompts'), 'any', "universal_login_experience = 'new'", 'the new experience'),
    ('signing_key_younger_than_a_year', ref('stg_auth0__signing_keys'), 'any', "coalesce(is_current, false) and " ~ auth0.days_between('current_since', auth0.today()) ~ " <= 365", 'current keys of less than a year'),
    ('no_rules', ref('stg_auth0__rules'), 'none', 'true', 'rules that have to become actions'),
    ('no_hooks', ref('stg_auth0__hooks'), 'none', 'true', 'hooks that have to become actions'),
] %}
{%- for name, model, wanted, condition, what in checks %}
{%- set stream = model.identifier | replace('stg_auth0__', '') %}
select
    '{{ name }}' as check_name,
    {%- if auth0.is_landed([stream]) %}
    case when count(case when {{ condition }} then 1 end) {{ '> 0' if wanted == 'any' else '= 0' }} then 'ok' else 'look' end as status,
    count(case when {{ condition }} then 1 end) as found,
    {%- else %}
    'not_known' as status,
    cast(null as {{ auth0.sql_type('integer') }}) as found,
    {%- endif %}
    '{{ what }}' as what_is_counted,
    '{{ stream }}' as told_by
{% if auth0.is_landed([stream]) %}from {{ model }}{% endif %}
{{ 'union all' if not loop.last }}
{%- endfor %}
