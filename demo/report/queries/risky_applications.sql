SELECT CASE WHEN count(*) > 0 THEN count(CASE WHEN risk >= 3 THEN 1 END) END AS figure
FROM auth0__applications
