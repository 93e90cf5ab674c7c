terraform {
  required_version = ">= 1.5"
  required_providers {
    airbyte = {
      source  = "airbytehq/airbyte"
      version = "~> 1.0"
    }
  }
}

# Without server_url, the provider talks to Airbyte's cloud, which takes no custom images.
provider "airbyte" {
  server_url    = var.airbyte_api_url
  token_url     = var.airbyte_token_url
  client_id     = var.airbyte_client_id
  client_secret = var.airbyte_client_secret
}
