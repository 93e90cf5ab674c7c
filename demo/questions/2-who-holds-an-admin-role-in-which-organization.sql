-- Roles are named by each tenant: change the words to those of yours.
SELECT
    organization_name AS organization,
    role_name AS role,
    coalesce(email, user_id) AS "user",
    last_login_at AS last_login
FROM auth0__org_access
WHERE regexp_matches(role_name, 'admin|owner', 'i')
ORDER BY organization, role, "user"
