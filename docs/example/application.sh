#!/bin/sh
# The application with which the connector signs in, made by Auth0's command line after `auth0 login`.
auth0 apps create --name Airbyte --type m2m --reveal-secrets --json
auth0 client-grants create --client-id "the client_id that was printed" \
    --audience "https://your-tenant.us.auth0.com/api/v2/" \
    --scopes "read:users,read:roles,read:role_members,read:organizations,read:organization_members,read:organization_member_roles,read:clients"
