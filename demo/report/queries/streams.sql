SELECT stream, scopes, is_landed FROM auth0__streams ORDER BY stream
