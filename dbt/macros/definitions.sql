{#- What the marts count as what. docs/warehouse.md has the reasons. -#}

{#- Kinds of connections whose identity provider is the customer's own: its second factors are not Auth0's to see. -#}
{% macro enterprise_strategies() -%}
    {{ return("('ad', 'adfs', 'auth0-adldap', 'custom', 'google-apps', 'ip', 'office365', 'oidc', 'okta', 'pingfederate', 'samlp', 'sharepoint', 'waad')") }}
{%- endmacro %}

{#- Second factors by what it takes to steal them. A password, a recovery code and a passkey are none: a passkey is a first factor. -#}
{% macro factor_strength(type) -%}
case
    when {{ type }} in ('webauthn-roaming', 'webauthn-platform') then 'phishing_resistant'
    when {{ type }} in ('totp', 'push', 'push-notification', 'duo', 'guardian') then 'app'
    when {{ type }} in ('phone', 'sms', 'voice', 'email') then 'phone_or_email'
end
{%- endmacro %}

{#- Events in which a user signed in with something that they know or have. -#}
{% macro login_types() %}{{ return("('s', 'scoa', 'sdel', 'sens', 'sepft')") }}{% endmacro %}

{#- Sign-ins that failed. -#}
{% macro failed_login_types() %}{{ return("('f', 'fp', 'fu', 'fc', 'fco', 'fcoa', 'fens', 'fepft', 'fepotpft')") }}{% endmacro %}

{#- What Auth0 counts as active beside a sign-in: silent authentication and a refresh token exchanged. -#}
{% macro renewal_types() %}{{ return("('ssa', 'sdelsa', 'sertft')") }}{% endmacro %}

{#- Grants that OAuth 2.1 leaves out, and Auth0's own of before. -#}
{% macro is_deprecated_grant(grant) -%}
({{ grant }} in ('implicit', 'password', 'http://auth0.com/oauth/grant-type/password-realm')
    or {{ grant }} like 'http://auth0.com/oauth/legacy/%')
{%- endmacro %}

{#- Whether an application sends users to an address on their own machine. -#}
{% macro is_local_url(url) -%}
({{ url }} like '%://localhost%' or {{ url }} like '%://127.0.0.1%' or {{ url }} like '%://[::1]%')
{%- endmacro %}

{#- Entities of the log's writes that are about single users, and so no configuration. -#}
{% macro is_about_users(entity_type) -%}
({{ entity_type }} not like 'user_attribute_profile%' and ({{ entity_type }} like 'user%' or {{ entity_type }} in (
    'organization_members', 'organization_member_roles', 'organization_invitations', 'role_users', 'group_members', 'connection_users',
    'password_change_tickets', 'email_verification_tickets', 'email_verification_jobs', 'guardian_enrollment_tickets', 'device_credentials'
)))
{%- endmacro %}

{#- Writes after which somebody may do more, or something guards less. -#}
{% macro is_sensitive(entity_type) -%}
({{ entity_type }} like 'attack_protection%' or {{ entity_type }} like 'guardian%' or {{ entity_type }} like 'action%' or {{ entity_type }} in (
    'clients', 'client_credentials', 'client_grants', 'connections', 'connection_keys', 'connection_scim_tokens', 'custom_domains', 'email_provider',
    'group_roles', 'hooks', 'log_streams', 'network_acls', 'organization_client_grants', 'organization_member_roles', 'resource_servers',
    'role_permissions', 'role_users', 'roles', 'rules', 'signing_keys', 'tenant_settings', 'token_exchange_profiles', 'user_permissions', 'user_roles'
))
{%- endmacro %}
