-- Grants that OAuth 2.1 leaves out, and Auth0's own of before: https://auth0.com/docs/get-started/applications/application-grant-types
SELECT
    name AS application,
    app_type AS type,
    deprecated_grants,
    last_used_at AS last_used
FROM auth0__applications
WHERE deprecated_grants > 0
ORDER BY deprecated_grants DESC, application
