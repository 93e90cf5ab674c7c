-- Written by `python -m tools.warehouse.generate` from the stream files.
{% set columns = [
    ['kid', 'text', 'kid'],
    ['cert', 'text', 'cert'],
    ['pkcs7', 'text', 'pkcs7'],
    ['fingerprint', 'text', 'fingerprint'],
    ['thumbprint', 'text', 'thumbprint'],
    ['is_current', 'boolean', 'current'],
    ['is_next', 'boolean', 'next'],
    ['is_previous', 'boolean', 'previous'],
    ['revoked', 'boolean', 'revoked'],
    ['current_since', 'timestamp', 'current_since'],
    ['current_until', 'timestamp', 'current_until'],
    ['revoked_at', 'timestamp', 'revoked_at'],
    ['unconforming', 'json', 'unconforming'],
] %}
{{ auth0.staged('signing_keys', columns, key=['kid']) }}
