-- Written by `python -m tools.warehouse.generate` from the stream files.
{% set columns = [
    ['connection_id', 'text', 'connection_id'],
    ['kid', 'text', 'kid'],
    ['key_use', 'text', 'key_use'],
    ['algorithm', 'text', 'algorithm'],
    ['is_current', 'boolean', 'current'],
    ['is_next', 'boolean', 'next'],
    ['is_previous', 'boolean', 'previous'],
    ['current_since', 'timestamp', 'current_since'],
    ['subject_dn', 'text', 'subject_dn'],
    ['fingerprint', 'text', 'fingerprint'],
    ['thumbprint', 'text', 'thumbprint'],
    ['cert', 'text', 'cert'],
    ['pkcs', 'text', 'pkcs'],
] %}
{{ auth0.staged('connection_keys', columns, key=['connection_id', 'kid']) }}
