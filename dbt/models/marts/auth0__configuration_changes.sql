select
    changes.log_id,
    changes.occurred_at,
    coalesce(changes.user_email, changes.user_id, changes.client_name, clients.name, changes.client_id) as actor,
    case
        when changes.user_id is not null then 'administrator'
        when changes.client_id is not null then 'application'
        else 'unknown'
    end as actor_kind,
    changes.user_id as actor_user_id,
    changes.client_id,
    coalesce(changes.client_name, clients.name) as client_name,
    changes.method,
    changes.path,
    changes.entity_type,
    coalesce(changes.entity_id, changes.parent_id) as entity_id,
    changes.parent_type,
    changes.ip,
    not {{ auth0.is_about_users('changes.entity_type') }} as is_configuration,
    {{ auth0.is_sensitive('changes.entity_type') }} as is_sensitive
from {{ ref('stg_auth0__changes') }} as changes
left join {{ ref('stg_auth0__clients') }} as clients on clients.client_id = changes.client_id
