SELECT sum(failed_logins) * 100.0 / nullif(sum(logins + failed_logins), 0) AS figure
FROM auth0__logins_daily
WHERE day > (SELECT max(day) FROM auth0__logins_daily) - 7
