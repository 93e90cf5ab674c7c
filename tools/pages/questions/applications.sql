-- Which applications may call which API, with which scopes?
SELECT
    clients.name AS application,
    clients.app_type,
    resource_servers.name AS api,
    client_grants.scope AS scopes
FROM client_grants
JOIN clients ON clients.client_id = client_grants.client_id
LEFT JOIN resource_servers ON resource_servers.identifier = client_grants.audience
ORDER BY application, api
