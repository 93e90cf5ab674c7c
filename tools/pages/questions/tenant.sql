-- How many logins and sign-ups were there in each month?
SELECT
    EXTRACT(YEAR FROM "date") AS year,
    EXTRACT(MONTH FROM "date") AS month,
    sum(logins) AS logins,
    sum(signups) AS signups
FROM daily_stats
GROUP BY EXTRACT(YEAR FROM "date"), EXTRACT(MONTH FROM "date")
ORDER BY year, month
