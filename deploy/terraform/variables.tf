variable "airbyte_api_url" {
  description = "The public API of your Airbyte, such as https://airbyte.example.com/api/public/v1/ or, for abctl, http://localhost:8000/api/public/v1/."
  type        = string
}

variable "airbyte_token_url" {
  description = "Where the provider gets its token, if its own guess answers 401 or 404: applications/token below airbyte_api_url."
  type        = string
  default     = null
}

variable "airbyte_client_id" {
  description = "Of an application in Airbyte: User settings › Applications."
  type        = string
}

variable "airbyte_client_secret" {
  description = "Of the same application."
  type        = string
  sensitive   = true
}

variable "workspace_id" {
  description = "The id in the address of your workspace."
  type        = string
}

variable "image" {
  description = "The connector's image, without its tag, in a registry that the cluster can pull from."
  type        = string
}

variable "image_tag" {
  description = "Its tag."
  type        = string
  default     = "1.0.0"
}

variable "auth0_domain" {
  description = "The tenant's own domain, such as your-tenant.us.auth0.com."
  type        = string
}

variable "auth0_client_id" {
  description = "Of the machine-to-machine application in Auth0."
  type        = string
}

variable "auth0_client_secret" {
  description = "Of the same application."
  type        = string
  sensitive   = true
}

variable "auth0_options" {
  description = "More fields of the source, for every connection, such as { users_excluded_fields = [\"last_ip\"] }."
  type        = any
  default     = {}
}

variable "left_out_streams" {
  description = "Streams not to read, such as those whose scopes you do not grant: a missing scope fails its stream."
  type        = set(string)
  default     = []
}

variable "schema" {
  description = "The schema, or namespace, that all tables go to."
  type        = string
  default     = "auth0"
}

variable "postgres" {
  description = "The database. For another destination, change airbyte_destination in main.tf."
  type = object({
    host     = string
    port     = optional(number, 5432)
    database = string
    username = string
    ssl_mode = optional(string, "require")
  })
}

variable "postgres_password" {
  description = "The password of that user."
  type        = string
  sensitive   = true
}
