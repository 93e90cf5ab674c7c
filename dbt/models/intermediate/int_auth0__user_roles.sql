-- Who holds which role in the whole tenant, directly or through a group. `role_users` costs least and is read whole; without it `user_roles`.
{% if auth0.is_landed(['role_users']) %}{% set direct = ref('stg_auth0__role_users') %}{% else %}{% set direct = ref('stg_auth0__user_roles') %}{% endif %}
-- depends_on: {{ ref('stg_auth0__role_users') }}
-- depends_on: {{ ref('stg_auth0__user_roles') }}
with held as (
    select user_id, role_id, 1 as is_direct, 0 as is_by_group
    from {{ direct }}
    union all
    select members.user_id, roles.role_id, 0 as is_direct, 1 as is_by_group
    from {{ ref('stg_auth0__group_roles') }} as roles
    inner join {{ ref('stg_auth0__group_members') }} as members on members.group_id = roles.group_id
    where coalesce(members.member_type, 'user') = 'user'
)

select
    user_id,
    role_id,
    max(is_direct) = 1 as is_direct,
    max(is_by_group) = 1 as is_by_group
from held
where user_id is not null and role_id is not null
group by user_id, role_id
