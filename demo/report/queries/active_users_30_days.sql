SELECT active_users_30d AS figure FROM auth0__active_users_daily WHERE is_30d_complete ORDER BY day DESC LIMIT 1
