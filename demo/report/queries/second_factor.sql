SELECT count(CASE WHEN mfa_status = 'enrolled' THEN 1 END) * 100.0 / nullif(count(*), 0) AS figure
FROM auth0__user_mfa
WHERE mfa_status <> 'federated'
