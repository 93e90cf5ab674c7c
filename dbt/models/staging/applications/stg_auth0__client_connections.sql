-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['client_id', 'text', 'client_id'],
    ['connection_id', 'text', 'id'],
    ['name', 'text', 'name'],
    ['display_name', 'text', 'display_name'],
    ['strategy', 'text', 'strategy'],
    ['realms', 'json', 'realms'],
    ['is_domain_connection', 'boolean', 'is_domain_connection'],
    ['show_as_button', 'boolean', 'show_as_button'],
    ['metadata', 'json', 'metadata'],
    ['authentication', 'json', 'authentication'],
    ['connected_accounts', 'json', 'connected_accounts'],
    ['cross_app_access_requesting_app', 'json', 'cross_app_access_requesting_app'],
    ['cross_app_access_resource_app', 'json', 'cross_app_access_resource_app'],
    ['options', 'json', 'options'],
] %}
{{ auth0.staged('client_connections', columns, key=['client_id', 'connection_id']) }}
