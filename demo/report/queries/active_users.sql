SELECT
    strftime(day, '%Y-%m-%d') AS label,
    active_users_1d AS "one day",
    CASE WHEN is_7d_complete THEN active_users_7d END AS "7 days",
    CASE WHEN is_30d_complete THEN active_users_30d END AS "30 days"
FROM auth0__active_users_daily
ORDER BY day
