-- Whoever never logged in counts from the day the profile was made.
SELECT
    coalesce(email, user_id) AS "user",
    coalesce(strftime(last_login_at, '%Y-%m-%d'), 'never') AS last_login,
    coalesce(logins, 0) AS logins,
    days_idle
FROM auth0__users
WHERE is_dormant AND NOT coalesce(is_blocked, false)
ORDER BY days_idle DESC, "user"
