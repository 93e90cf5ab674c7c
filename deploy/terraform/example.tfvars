airbyte_api_url = "https://airbyte.example.com/api/public/v1/"
workspace_id    = "039da657-f061-493e-a836-9bce86bc5e35"
image           = "registry.example.com/source-auth0"
auth0_domain    = "your-tenant.us.auth0.com"
postgres = {
  host     = "warehouse.example.com"
  database = "warehouse"
  username = "airbyte"
}

# Secrets belong into the environment: TF_VAR_airbyte_client_id, TF_VAR_airbyte_client_secret, TF_VAR_auth0_client_id,
# TF_VAR_auth0_client_secret, TF_VAR_postgres_password.
