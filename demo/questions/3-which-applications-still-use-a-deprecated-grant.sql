-- Grant types are a JSON array of each application: https://auth0.com/docs/get-started/applications/application-grant-types
SELECT
    clients.name AS application,
    clients.app_type AS type,
    regexp_replace(used.grant_type, '^http://auth0.com/oauth/(legacy/)?grant-type/', '') AS "grant",
    CASE WHEN used.grant_type LIKE '%/legacy/%' THEN 'Auth0 legacy' ELSE 'not in OAuth 2.1' END AS why
FROM clients, unnest(from_json(clients.grant_types, '["VARCHAR"]')) AS used (grant_type)
WHERE used.grant_type LIKE 'http://auth0.com/oauth/legacy/%'
    OR used.grant_type IN ('implicit', 'password', 'http://auth0.com/oauth/grant-type/password-realm')
ORDER BY application, "grant"
