-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['tenant_domain', 'text', 'tenant_domain'],
    ['user_verification', 'text', 'userVerification'],
    ['override_relying_party', 'boolean', 'overrideRelyingParty'],
    ['relying_party_identifier', 'text', 'relyingPartyIdentifier'],
] %}
{{ auth0.staged('guardian_factor_webauthn_roaming_settings', columns, key=['tenant_domain']) }}
