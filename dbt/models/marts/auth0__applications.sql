with grants as (
    select
        clients.client_id,
        count(case when {{ auth0.is_deprecated_grant(auth0.json_scalar('used.value')) }} then 1 end) as deprecated_grants
    from {{ ref('stg_auth0__clients') }} as clients
    {{ auth0.json_each('clients.grant_types', 'used') }}
    group by clients.client_id
),

callback_urls as (
    select clients.client_id, lower({{ auth0.json_scalar('callback.value') }}) as url
    from {{ ref('stg_auth0__clients') }} as clients
    {{ auth0.json_each('clients.callbacks', 'callback') }}
),

callbacks as (
    select
        client_id,
        count(case when url like 'http://%' and not {{ auth0.is_local_url('url') }} then 1 end) as insecure_callbacks,
        count(case when {{ auth0.is_local_url('url') }} then 1 end) as local_callbacks,
        count(case when url like '%*%' then 1 end) as wildcard_callbacks
    from callback_urls
    group by client_id
),

scopes as (
    select
        grants.client_id,
        count(distinct {{ auth0.json_scalar('scope.value') }}) as scopes,
        count(distinct case when {{ auth0.json_scalar('scope.value') }} not like 'read:%' then {{ auth0.json_scalar('scope.value') }} end) as writing_scopes
    from {{ ref('stg_auth0__client_grants') }} as grants
    {{ auth0.json_each('grants.scope', 'scope') }}
    where grants.audience like 'https://%/api/v2/'
    group by grants.client_id
),

keys as (
    select
        client_id,
        min(created_at) as oldest_key_at,
        min(case when cast(expires_at as date) >= {{ auth0.today() }} then expires_at end) as next_key_expires_at
    from {{ ref('stg_auth0__client_credentials') }}
    group by client_id
),

rotations as (
    select entity_id as client_id, max(occurred_at) as last_rotated_at
    from {{ ref('stg_auth0__changes') }}
    where path like 'clients/%/rotate-secret'
    group by entity_id
),

uses as (
    select client_id, max(occurred_at) as last_used_at
    from {{ ref('auth0__log_events') }}
    where outcome = 'success' and log_group in ('login', 'token_exchange', 'silent_authentication')
    group by client_id
),

applications as (
    select
        clients.client_id,
        clients.name,
        clients.app_type,
        coalesce(clients.is_first_party, true) as is_first_party,
        clients.token_endpoint_auth_method,
        coalesce(grants.deprecated_grants, 0) as deprecated_grants,
        coalesce(callbacks.insecure_callbacks, 0) as insecure_callbacks,
        coalesce(callbacks.local_callbacks, 0) as local_callbacks,
        coalesce(callbacks.wildcard_callbacks, 0) as wildcard_callbacks,
        {{ auth0.json_text('clients.jwt_configuration', 'alg') }} as token_algorithm,
        {{ auth0.json_text('clients.refresh_token', 'rotation_type') }} = 'rotating' as is_rotating_refresh_tokens,
        coalesce(scopes.scopes, 0) as management_api_scopes,
        coalesce(scopes.writing_scopes, 0) as management_api_writing_scopes,
        clients.created_at,
        keys.oldest_key_at,
        keys.next_key_expires_at,
        rotations.last_rotated_at,
        {{ auth0.days_between('coalesce(rotations.last_rotated_at, keys.oldest_key_at, clients.created_at)', auth0.today()) }} as secret_age_days_at_most,
        uses.last_used_at
    from {{ ref('stg_auth0__clients') }} as clients
    left join grants on grants.client_id = clients.client_id
    left join callbacks on callbacks.client_id = clients.client_id
    left join scopes on scopes.client_id = clients.client_id
    left join keys on keys.client_id = clients.client_id
    left join rotations on rotations.client_id = clients.client_id
    left join uses on uses.client_id = clients.client_id
    where not coalesce(clients.is_global, false)
)

select
    applications.*,
    case when deprecated_grants > 0 then 2 else 0 end
    + case when insecure_callbacks > 0 then 3 else 0 end
    + case when wildcard_callbacks > 0 then 3 else 0 end
    + case when local_callbacks > 0 then 1 else 0 end
    + case when token_algorithm = 'HS256' then 1 else 0 end
    + case when management_api_writing_scopes > 0 then 2 else 0 end
    + case when secret_age_days_at_most > 365 and coalesce(token_endpoint_auth_method, '') <> 'none' then 1 else 0 end
    + case when {{ auth0.days_between(auth0.today(), 'next_key_expires_at') }} <= 30 then 2 else 0 end as risk
from applications
