-- Which users hold a role that may do something to an API, and what?
SELECT
    coalesce(role_users.email, role_users.name, role_users.user_id) AS "user",
    roles.name AS role,
    permissions.resource_server_name AS api,
    permissions.permission_name AS permission
FROM role_users
JOIN roles ON roles.id = role_users.role_id
JOIN role_permissions AS permissions ON permissions.role_id = roles.id
ORDER BY "user", role, api, permission
