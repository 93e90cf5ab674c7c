-- Written by `python -m tools.warehouse.generate` from the stream files.
{{ config(enabled=var('auth0_stage_all', false)) }}
{% set columns = [
    ['organization_id', 'text', 'organization_id'],
    ['organization_invitation_id', 'text', 'id'],
    ['client_id', 'text', 'client_id'],
    ['connection_id', 'text', 'connection_id'],
    ['inviter', 'json', 'inviter'],
    ['invitee', 'json', 'invitee'],
    ['roles', 'json', 'roles'],
    ['app_metadata', 'json', 'app_metadata'],
    ['user_metadata', 'json', 'user_metadata'],
    ['created_at', 'timestamp', 'created_at'],
    ['expires_at', 'timestamp', 'expires_at'],
    ['invitation_url', 'text', 'invitation_url'],
    ['ticket_id', 'text', 'ticket_id'],
] %}
{{ auth0.staged('organization_invitations', columns, key=['organization_id', 'organization_invitation_id']) }}
