-- Which rules and hooks still run, and so have to move to actions?
SELECT 'rule' AS kind, name, 'post-login' AS runs_at FROM rules WHERE enabled
UNION ALL
SELECT 'hook' AS kind, name, "triggerId" AS runs_at FROM hooks WHERE enabled
ORDER BY kind, name
