-- `user_authentication_methods` is believed; where it was not synced, `users.multifactor`, which says yes or no and no more.
with methods as (
    select
        user_id,
        type,
        coalesce(confirmed, true) as is_confirmed,
        {{ auth0.factor_strength('type') }} as strength,
        coalesce(enrolled_at, created_at) as enrolled_at,
        last_auth_at
    from {{ ref('stg_auth0__user_authentication_methods') }}
),

told as (
    select count(*) > 0 as by_methods from methods
),

factors as (
    select
        user_id,
        count(case when is_confirmed and strength is not null then 1 end) as factors,
        count(case when is_confirmed and type = 'passkey' then 1 end) as passkeys,
        count(case when not is_confirmed and strength is not null then 1 end) as pending,
        max(case when is_confirmed then case strength when 'phishing_resistant' then 3 when 'app' then 2 when 'phone_or_email' then 1 end end) as strongest,
        min(case when is_confirmed and strength is not null then enrolled_at end) as first_enrolled_at,
        max(case when is_confirmed and strength is not null then last_auth_at end) as last_used_at
    from methods
    group by user_id
),

accounts as (
    select
        user_id,
        min(case when is_enterprise then 1 else 0 end) = 1 as is_enterprise_only
    from {{ ref('auth0__user_identities') }}
    group by user_id
),

known as (
    select
        users.user_id,
        told.by_methods,
        coalesce(factors.factors, 0) as factors,
        coalesce(factors.passkeys, 0) as passkeys,
        coalesce(factors.pending, 0) as pending,
        case factors.strongest when 3 then 'phishing_resistant' when 2 then 'app' when 1 then 'phone_or_email' end as strongest_factor,
        factors.first_enrolled_at,
        factors.last_used_at,
        {{ auth0.json_length('users.multifactor') }} > 0 as multifactor_flag,
        coalesce(accounts.is_enterprise_only, false) as is_enterprise_only
    from {{ ref('stg_auth0__users') }} as users
    cross join told
    left join factors on factors.user_id = users.user_id
    left join accounts on accounts.user_id = users.user_id
)

select
    user_id,
    case
        when is_enterprise_only then 'federated'
        when by_methods and factors > 0 then 'enrolled'
        when not by_methods and multifactor_flag then 'enrolled'
        when passkeys > 0 then 'passkey_only'
        when pending > 0 then 'pending'
        else 'none'
    end as mfa_status,
    case when by_methods then 'user_authentication_methods' else 'users.multifactor' end as told_by,
    case when by_methods then factors end as factors,
    case when by_methods then passkeys end as passkeys,
    strongest_factor,
    first_enrolled_at,
    last_used_at,
    multifactor_flag,
    by_methods and multifactor_flag <> (factors > 0) as sources_disagree
from known
