-- Who is a member of which organization, and with which roles?
SELECT
    organizations.name AS organization,
    coalesce(members.email, members.name, members.user_id) AS member,
    roles.name AS role
FROM organization_members AS members
JOIN organizations ON organizations.id = members.org_id
LEFT JOIN organization_member_roles AS roles
    ON roles.org_id = members.org_id AND roles.user_id = members.user_id
ORDER BY organization, member, role
