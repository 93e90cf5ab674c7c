-- Written by `python -m tools.warehouse.generate` from the stream files.
{% set columns = [
    ['tenant_domain', 'text', 'tenant_domain'],
    ['bot_detection_level', 'text', 'bot_detection_level'],
    ['challenge_password_policy', 'text', 'challenge_password_policy'],
    ['challenge_passwordless_policy', 'text', 'challenge_passwordless_policy'],
    ['challenge_password_reset_policy', 'text', 'challenge_password_reset_policy'],
    ['allowlist', 'json', 'allowlist'],
    ['monitoring_mode_enabled', 'boolean', 'monitoring_mode_enabled'],
] %}
{{ auth0.staged('attack_protection_bot_detection', columns, key=['tenant_domain']) }}
