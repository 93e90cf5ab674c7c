SELECT
    strftime(date_trunc('week', day), '%Y-%m-%d') AS label,
    sum(CASE WHEN log_group = 'attack_protection' THEN events ELSE 0 END) AS "attack protection",
    sum(CASE WHEN log_group = 'login' THEN events ELSE 0 END) AS "failed sign-ins",
    sum(CASE WHEN log_group NOT IN ('attack_protection', 'login') THEN events ELSE 0 END) AS "other failures"
FROM auth0__security_events_daily
GROUP BY date_trunc('week', day)
ORDER BY date_trunc('week', day)
