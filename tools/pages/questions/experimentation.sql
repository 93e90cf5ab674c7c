-- Which experiments have started, on which feature flag, and are they still running?
SELECT
    experiments.name AS experiment,
    feature_flags.name AS feature_flag,
    experiments.status,
    experiments.started_at,
    experiments.ended_at
FROM experiments
LEFT JOIN feature_flags ON feature_flags.id = experiments.feature_flag_id
WHERE experiments.started_at IS NOT NULL
ORDER BY experiments.started_at
