SELECT CASE WHEN count(*) > 0 THEN count(CASE WHEN finding <> 'ok' THEN 1 END) END AS figure
FROM auth0__privileged_access_review
