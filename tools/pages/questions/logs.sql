-- How many logins failed on each day, and why?
SELECT
    CAST(logs."date" AS DATE) AS day,
    coalesce(log_types.name, logs.type) AS event,
    count(*) AS failures
FROM logs
LEFT JOIN log_types ON log_types.code = logs.type
WHERE log_types."group" = 'login' AND log_types.outcome = 'failure'
GROUP BY CAST(logs."date" AS DATE), coalesce(log_types.name, logs.type)
ORDER BY day, failures DESC
