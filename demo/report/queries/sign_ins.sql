SELECT
    strftime(day, '%Y-%m-%d') AS label,
    sum(logins) AS succeeded,
    sum(failed_logins) AS failed
FROM auth0__logins_daily
GROUP BY day
ORDER BY day
