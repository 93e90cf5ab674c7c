select
    day,
    coalesce(connection, '') as connection,
    coalesce(client_id, '') as client_id,
    coalesce(organization_id, '') as organization_id,
    count(case when is_login then 1 end) as logins,
    count(case when is_failed_login then 1 end) as failed_logins,
    count(case when type = 'fp' then 1 end) as wrong_passwords,
    count(case when type = 'fu' then 1 end) as unknown_users,
    count(distinct case when is_login then user_id end) as users,
    count(distinct case when is_failed_login then ip end) as failing_addresses
from {{ ref('auth0__log_events') }}
where is_login or is_failed_login
group by 1, 2, 3, 4
