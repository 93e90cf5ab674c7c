SELECT
    name AS label,
    risk,
    concat_ws(', ',
        CASE WHEN insecure_callbacks > 0 THEN 'callback by http' END,
        CASE WHEN wildcard_callbacks > 0 THEN 'callback with a wildcard' END,
        CASE WHEN local_callbacks > 0 THEN 'callback on localhost' END,
        CASE WHEN deprecated_grants > 0 THEN 'old grants' END,
        CASE WHEN management_api_writing_scopes > 0 THEN 'may write in the tenant' END,
        CASE WHEN token_algorithm = 'HS256' THEN 'HS256' END,
        CASE WHEN secret_age_days_at_most > 365 AND coalesce(token_endpoint_auth_method, '') <> 'none' THEN 'secret maybe ' || secret_age_days_at_most || ' days old' END
    ) AS note
FROM auth0__applications
WHERE risk > 0
ORDER BY risk DESC, name, client_id
LIMIT 10
