-- Roles are named by each tenant: change the words to those of yours.
SELECT
    coalesce(organizations.display_name, organizations.name) AS organization,
    held.name AS role,
    coalesce(users.email, users.phone_number, held.user_id) AS "user",
    users.last_login
FROM organization_member_roles AS held
JOIN organizations ON organizations.id = held.org_id
LEFT JOIN users USING (user_id)
WHERE regexp_matches(held.name, 'admin|owner', 'i')
ORDER BY organization, role, "user"
