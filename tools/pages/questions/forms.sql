-- How often did each flow run, how did it end, and when did it last run?
SELECT
    flows.name AS flow,
    flow_executions.status,
    count(*) AS executions,
    max(flow_executions.started_at) AS last_started_at
FROM flow_executions
JOIN flows ON flows.id = flow_executions.flow_id
GROUP BY flows.name, flow_executions.status
ORDER BY flow, executions DESC
