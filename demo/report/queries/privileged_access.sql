SELECT
    replace(finding, '_', ' ') AS label,
    count(CASE WHEN organization_id = '' THEN 1 END) AS "in the whole tenant",
    count(CASE WHEN organization_id <> '' THEN 1 END) AS "in an organization"
FROM auth0__privileged_access_review
GROUP BY finding
ORDER BY count(*) DESC, finding
