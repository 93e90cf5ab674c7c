-- How many members and how many roles does each group have?
SELECT
    groups.name AS "group",
    count(DISTINCT group_members.id) AS members,
    count(DISTINCT group_roles.id) AS roles
FROM groups
LEFT JOIN group_members ON group_members.group_id = groups.id
LEFT JOIN group_roles ON group_roles.group_id = groups.id
GROUP BY groups.id, groups.name
ORDER BY members DESC, "group"
