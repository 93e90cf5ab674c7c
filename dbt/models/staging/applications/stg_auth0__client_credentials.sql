-- Written by `python -m tools.warehouse.generate` from the stream files.
{% set columns = [
    ['client_id', 'text', 'client_id'],
    ['client_credential_id', 'text', 'id'],
    ['name', 'text', 'name'],
    ['credential_type', 'text', 'credential_type'],
    ['kid', 'text', 'kid'],
    ['alg', 'text', 'alg'],
    ['subject_dn', 'text', 'subject_dn'],
    ['thumbprint_sha256', 'text', 'thumbprint_sha256'],
    ['created_at', 'timestamp', 'created_at'],
    ['updated_at', 'timestamp', 'updated_at'],
    ['expires_at', 'timestamp', 'expires_at'],
] %}
{{ auth0.staged('client_credentials', columns, key=['client_id', 'client_credential_id']) }}
