-- How many events of each type came on each day?
SELECT CAST("time" AS DATE) AS day, type, count(*) AS events
FROM events
GROUP BY CAST("time" AS DATE), type
ORDER BY day, type
