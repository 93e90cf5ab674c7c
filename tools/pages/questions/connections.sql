-- How many applications use each connection? Those with 0 may no longer be needed.
SELECT
    connections.name AS connection,
    connections.strategy,
    count(connection_clients.client_id) AS applications
FROM connections
LEFT JOIN connection_clients ON connection_clients.connection_id = connections.id
GROUP BY connections.id, connections.name, connections.strategy
ORDER BY applications, connection
