select
    users.user_id,
    {{ auth0.json_text('identity.value', 'provider') }} as provider,
    {{ auth0.json_text('identity.value', 'connection') }} as connection,
    {{ auth0.json_text('identity.value', 'user_id') }} as identity_id,
    coalesce({{ auth0.json_text('identity.value', 'isSocial') }} = 'true', false) as is_social,
    coalesce({{ auth0.json_text('identity.value', 'provider') }} in {{ auth0.enterprise_strategies() }}, false) as is_enterprise,
    identity.position
from {{ ref('stg_auth0__users') }} as users
{{ auth0.json_each('users.identities', 'identity') }}
