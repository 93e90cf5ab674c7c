SELECT count(*) AS figure FROM auth0__users
