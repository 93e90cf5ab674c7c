-- Who is a member of which organization. `organization_members` costs least and is read whole; without it `user_organizations`.
-- depends_on: {{ ref('stg_auth0__organization_members') }}
-- depends_on: {{ ref('stg_auth0__user_organizations') }}
select distinct organization_id, user_id
from {{ ref('stg_auth0__organization_members') if auth0.is_landed(['organization_members']) else ref('stg_auth0__user_organizations') }}
