-- Which keys sign tokens now, next and before, and how long has the current one been in use?
SELECT
    kid,
    CASE WHEN "current" THEN 'current' WHEN "next" THEN 'next' WHEN previous THEN 'previous' END AS role,
    current_since,
    revoked_at
FROM signing_keys
ORDER BY current_since DESC, kid
