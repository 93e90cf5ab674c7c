-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['kid', 'text', 'kid'],
    ['kty', 'text', 'kty'],
    ['key_use', 'text', 'use'],
    ['key_ops', 'json', 'key_ops'],
    ['alg', 'text', 'alg'],
    ['n', 'text', 'n'],
    ['e', 'text', 'e'],
    ['crv', 'text', 'crv'],
    ['x', 'text', 'x'],
    ['y', 'text', 'y'],
    ['x5u', 'text', 'x5u'],
    ['x5c', 'json', 'x5c'],
    ['x5t', 'text', 'x5t'],
    ['x5t_s256', 'text', 'x5t#S256'],
] %}
{{ auth0.staged('custom_signing_keys', columns, key=['kid']) }}
