-- Whoever never logged in counts from the day the profile was made.
SELECT
    coalesce(email, phone_number, user_id) AS "user",
    coalesce(strftime(last_login, '%Y-%m-%d'), 'never') AS last_login,
    coalesce(logins_count, 0) AS logins,
    date_diff('day', coalesce(users.last_login, created_at), now() AT TIME ZONE 'UTC') AS days
FROM users
WHERE coalesce(users.last_login, created_at) < now() AT TIME ZONE 'UTC' - INTERVAL 90 DAY
    AND NOT coalesce(blocked, false)
ORDER BY days DESC, "user"
