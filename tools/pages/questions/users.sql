-- Which users have neither a second factor nor a passkey?
-- After incremental syncs, only the rows with a user's latest `read_at` are valid: the subquery keeps those.
-- A user who lost the last method sends no row, so run a full refresh of `user_authentication_methods` before an audit.
SELECT coalesce(users.email, users.phone_number, users.user_id) AS "user", users.last_login
FROM users
LEFT JOIN (
    SELECT methods.user_id
    FROM user_authentication_methods AS methods
    JOIN (
        SELECT user_id, max(read_at) AS read_at FROM user_authentication_methods GROUP BY user_id
    ) AS latest ON latest.user_id = methods.user_id AND latest.read_at = methods.read_at
    WHERE methods.confirmed AND methods.type NOT IN ('password', 'recovery-code')
    GROUP BY methods.user_id
) AS protected ON protected.user_id = users.user_id
WHERE protected.user_id IS NULL
ORDER BY "user"
