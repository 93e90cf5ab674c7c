SELECT
    strftime(date_trunc('week', occurred_at), '%Y-%m-%d') AS label,
    count(CASE WHEN is_sensitive THEN 1 END) AS sensitive,
    count(CASE WHEN is_configuration AND NOT is_sensitive THEN 1 END) AS "other settings",
    count(CASE WHEN NOT is_configuration AND NOT is_sensitive THEN 1 END) AS "of single users"
FROM auth0__configuration_changes
GROUP BY date_trunc('week', occurred_at)
ORDER BY date_trunc('week', occurred_at)
