-- Keeps what it has: Auth0's log is gone after 1 to 30 days. Each run takes what landed since the last one.
{{ config(materialized='incremental', unique_key='log_id', on_schema_change='append_new_columns') }}
with events as (
    select
        logs.log_id,
        logs.occurred_at,
        cast(logs.occurred_at as date) as day,
        logs.type,
        types.name as type_name,
        types.log_group,
        types.outcome,
        -- Between machines Auth0 sends an empty text, which would count as one user more.
        nullif(logs.user_id, '') as user_id,
        nullif(logs.connection, '') as connection,
        nullif(logs.connection_id, '') as connection_id,
        nullif(logs.client_id, '') as client_id,
        nullif(logs.client_name, '') as client_name,
        nullif(logs.organization_id, '') as organization_id,
        nullif(logs.ip, '') as ip,
        {{ auth0.json_text('logs.location_info', 'country_code') }} as country_code,
        logs.description,
        logs.synced_at
    from {{ ref('stg_auth0__logs') }} as logs
    left join {{ ref('stg_auth0__log_types') }} as types on types.code = logs.type
    {% if is_incremental() %}
    where logs.synced_at >= (select coalesce(max(synced_at), cast('1970-01-01' as {{ auth0.sql_type('timestamp') }})) from {{ this }})
    {% endif %}
)

select
    log_id,
    occurred_at,
    day,
    type,
    type_name,
    log_group,
    outcome,
    type in {{ auth0.login_types() }} and user_id is not null as is_login,
    type in {{ auth0.failed_login_types() }} as is_failed_login,
    (type in {{ auth0.login_types() }} or type in {{ auth0.renewal_types() }}) and user_id is not null as is_activity,
    user_id,
    connection,
    connection_id,
    client_id,
    client_name,
    organization_id,
    ip,
    country_code,
    description,
    synced_at
from events
