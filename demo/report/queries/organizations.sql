SELECT
    coalesce(display_name, name) AS label,
    privileged_members AS "with a privileged role",
    members - privileged_members AS "other members"
FROM auth0__organizations
ORDER BY members DESC, name
LIMIT 10
