resource "airbyte_source_definition" "auth0" {
  workspace_id      = var.workspace_id
  name              = "Auth0 (${var.image_tag})"
  docker_repository = var.image
  docker_image_tag  = var.image_tag
}

# A source for each connection, so that each has its own share of the rate limit and its own resources.
resource "airbyte_source" "auth0" {
  for_each = local.streams

  name          = "Auth0 ${each.key}"
  workspace_id  = var.workspace_id
  definition_id = airbyte_source_definition.auth0.id
  configuration = jsonencode(local.sources[each.key])
  resource_allocation = {
    default = local.connections[each.key].resources
  }
}

resource "airbyte_destination" "warehouse" {
  name          = "Warehouse"
  workspace_id  = var.workspace_id
  definition_id = "25c5221d-dce2-4163-ade9-739ef790f503" # PostgreSQL, the same in every Airbyte
  configuration = jsonencode({
    host          = var.postgres.host
    port          = var.postgres.port
    database      = var.postgres.database
    schema        = var.schema
    username      = var.postgres.username
    password      = var.postgres_password
    ssl_mode      = { mode = var.postgres.ssl_mode }
    tunnel_method = { tunnel_method = "NO_TUNNEL" }
  })
}

# Keys and cursors are the source's own, so that they are not set here.
resource "airbyte_connection" "auth0" {
  for_each = local.streams

  name                                 = "Auth0 ${each.key}"
  source_id                            = airbyte_source.auth0[each.key].source_id
  destination_id                       = airbyte_destination.warehouse.destination_id
  namespace_definition                 = "custom_format"
  namespace_format                     = var.schema
  non_breaking_schema_updates_behavior = "propagate_columns"
  status                               = "active"
  configurations = {
    streams = each.value
  }
  schedule = {
    schedule_type   = "cron"
    cron_expression = local.connections[each.key].cron
  }
}
