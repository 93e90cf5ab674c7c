select
    day,
    type,
    max(type_name) as type_name,
    max(log_group) as log_group,
    count(*) as events,
    count(distinct user_id) as users,
    count(distinct ip) as addresses
from {{ ref('auth0__log_events') }}
where log_group in ('attack_protection', 'rate_limit')
    or (outcome = 'failure' and log_group in ('login', 'mfa', 'password', 'passwordless', 'signup', 'token_exchange'))
group by day, type
