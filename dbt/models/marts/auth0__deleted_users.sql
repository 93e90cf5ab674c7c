-- `sdu` knows the connection and not who did it; the write of the same deletion does, within a minute of it.
with deletions as (
    select
        deletions.*,
        row_number() over (partition by deletions.user_id order by deletions.deleted_at desc, deletions.log_id desc) as copy
    from {{ ref('stg_auth0__user_deletions') }} as deletions
    where deletions.user_id is not null
),

writes as (
    select
        deletions.log_id,
        max(coalesce(changes.actor_user_id, changes.client_id)) as actor_id,
        max(changes.actor) as actor
    from deletions
    inner join {{ ref('auth0__configuration_changes') }} as changes
        on changes.entity_id = deletions.user_id
        and changes.entity_type = 'users'
        and changes.method = 'DELETE'
        and abs({{ dbt.datediff('deletions.deleted_at', 'changes.occurred_at', 'second') }}) <= 60
    group by deletions.log_id
)

select
    deletions.user_id,
    deletions.deleted_at,
    coalesce(
        deletions.deleted_by_email, deletions.deleted_by, writes.actor, deletions.client_name, clients.name, deletions.client_id
    ) as deleted_by,
    coalesce(deletions.deleted_by, writes.actor_id, deletions.client_id) as deleted_by_id,
    deletions.connection,
    users.user_id is not null as is_back
from deletions
left join writes on writes.log_id = deletions.log_id
left join {{ ref('stg_auth0__clients') }} as clients on clients.client_id = deletions.client_id
left join {{ ref('stg_auth0__users') }} as users on users.user_id = deletions.user_id
where deletions.copy = 1
