terraform {
  required_providers {
    auth0 = {
      source  = "auth0/auth0"
      version = "~> 1.0"
    }
  }
}

variable "auth0_domain" {
  description = "The tenant's own domain, such as your-tenant.us.auth0.com."
  type        = string
}

resource "auth0_client" "airbyte" {
  name        = "Airbyte"
  app_type    = "non_interactive"
  grant_types = ["client_credentials"]
}

resource "auth0_client_grant" "airbyte" {
  client_id = auth0_client.airbyte.id
  audience  = "https://${var.auth0_domain}/api/v2/"
  scopes = [
    "read:clients",
    "read:organization_member_roles",
    "read:organization_members",
    "read:organizations",
    "read:role_members",
    "read:roles",
    "read:users",
  ]
}

# Its client_secret is what the connector signs in with; Terraform's own application needs read:client_keys to see it.
data "auth0_client" "airbyte" {
  client_id = auth0_client.airbyte.id
}
