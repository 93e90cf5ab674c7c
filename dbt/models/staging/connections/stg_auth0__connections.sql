-- Written by `python -m tools.warehouse.generate` from the stream files.
{% set columns = [
    ['connection_id', 'text', 'id'],
    ['name', 'text', 'name'],
    ['display_name', 'text', 'display_name'],
    ['strategy', 'text', 'strategy'],
    ['is_domain_connection', 'boolean', 'is_domain_connection'],
    ['show_as_button', 'boolean', 'show_as_button'],
    ['realms', 'json', 'realms'],
    ['enabled_clients', 'json', 'enabled_clients'],
    ['metadata', 'json', 'metadata'],
    ['authentication', 'json', 'authentication'],
    ['connected_accounts', 'json', 'connected_accounts'],
    ['cross_app_access_requesting_app', 'json', 'cross_app_access_requesting_app'],
    ['cross_app_access_resource_app', 'json', 'cross_app_access_resource_app'],
    ['provisioning_ticket_url', 'text', 'provisioning_ticket_url'],
    ['options', 'json', 'options'],
] %}
{{ auth0.staged('connections', columns, key=['connection_id']) }}
