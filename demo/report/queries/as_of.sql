SELECT
    (SELECT max(synced_at) FROM auth0__users) AS as_of,
    (SELECT min(occurred_at) FROM auth0__log_events) AS log_since
