SELECT
    CASE WHEN connection = '' THEN '(none)' ELSE connection END AS label,
    sum(CASE WHEN strongest_factor = 'phishing_resistant' THEN users ELSE 0 END) AS "security key",
    sum(CASE WHEN strongest_factor = 'app' OR (mfa_status = 'enrolled' AND strongest_factor = '') THEN users ELSE 0 END) AS app,
    sum(CASE WHEN strongest_factor = 'phone_or_email' THEN users ELSE 0 END) AS "phone or e-mail",
    sum(CASE WHEN mfa_status <> 'enrolled' THEN users ELSE 0 END) AS "no second factor"
FROM auth0__mfa_adoption
WHERE mfa_status <> 'federated'
GROUP BY connection
ORDER BY sum(users) DESC, label
LIMIT 8
