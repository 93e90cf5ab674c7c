# The streams, split by how often they change and by what is read together. Every stream is in one connection: two that wrote the same table
# would each keep a state of their own. Times are in UTC, and staggered, since all share the tenant's rate limit.
locals {
  connections = {
    # Who is there, what happened, and who was deleted.
    activity = {
      cron = "0 5 * * * ?" # every hour
      options = {
        users_deletion_tombstones = true
        rate_limit_share          = 45
      }
      resources = {
        cpu_request    = "500m"
        cpu_limit      = "1"
        memory_request = "256Mi"
        memory_limit   = "1Gi"
      }
      incremental = [
        "users",
        "logs",
        "changes",
        "user_deletions",
      ]
      full_refresh = []
    }
    # What the Events API reports. Leave it out where nobody asks for changes within the day.
    events = {
      cron = "0 35 */6 * * ?" # every six hours
      options = {
        rate_limit_share = 45
      }
      resources = {
        cpu_request    = "100m"
        cpu_limit      = "500m"
        memory_request = "256Mi"
        memory_limit   = "512Mi"
      }
      incremental = [
        "events",
      ]
      full_refresh = []
    }
    # Who belongs where, with which roles. Parents and what is read for each of them stay together.
    access = {
      cron = "0 15 1 * * ?" # every day
      options = {
        rate_limit_share = 45
      }
      resources = {
        cpu_request    = "250m"
        cpu_limit      = "1"
        memory_request = "256Mi"
        memory_limit   = "512Mi"
      }
      incremental = []
      full_refresh = [
        "organization_client_grants",
        "organization_clients",
        "organization_connections",
        "organization_discovery_domains",
        "organization_enabled_connections",
        "organization_group_roles",
        "organization_groups",
        "organization_invitations",
        "organization_member_effective_roles",
        "organization_member_role_source_groups",
        "organization_member_roles",
        "organization_members",
        "organization_role_groups",
        "organization_role_members",
        "organizations",
        "role_groups",
        "role_permissions",
        "role_users",
        "roles",
        "group_members",
        "group_roles",
        "groups",
      ]
    }
    # What Auth0 offers one user at a time: a request for each user who changed, and stream.
    single_users = {
      cron = "0 15 3 * * ?" # every day
      options = {
        rate_limit_share = 45
      }
      resources = {
        cpu_request    = "500m"
        cpu_limit      = "1"
        memory_request = "256Mi"
        memory_limit   = "1Gi"
      }
      incremental = [
        "readings",
        "user_authentication_methods",
        "user_blocks",
        "user_connected_accounts",
        "user_effective_permission_source_roles",
        "user_effective_permissions",
        "user_effective_role_source_groups",
        "user_effective_roles",
        "user_enrollments",
        "user_groups",
        "user_organizations",
        "user_permissions",
        "user_refresh_tokens",
        "user_roles",
        "user_sessions",
      ]
      full_refresh = [
      ]
    }
    # Applications, their grants and credentials, how people sign in, and the tenant's statistics.
    applications = {
      cron = "0 45 0 * * ?" # every day
      options = {
        rate_limit_share = 45
      }
      resources = {
        cpu_request    = "100m"
        cpu_limit      = "500m"
        memory_request = "256Mi"
        memory_limit   = "512Mi"
      }
      incremental = []
      full_refresh = [
        "client_connections",
        "client_credentials",
        "client_grant_organizations",
        "client_grants",
        "client_profiles",
        "clients",
        "resource_servers",
        "connection_clients",
        "connection_directory_provisioning_default_mapping",
        "connection_directory_provisionings",
        "connection_keys",
        "connection_profile_templates",
        "connection_profiles",
        "connection_scim_configurations",
        "connection_scim_default_mapping",
        "connection_scim_tokens",
        "connection_status",
        "connection_synchronized_groups",
        "connections",
        "active_users_stats",
        "daily_stats",
        "device_credentials",
        "user_grants",
      ]
    }
    # Everything else, which people change by hand.
    configuration = {
      cron = "0 45 5 ? * SUN" # every Sunday
      options = {
        rate_limit_share = 45
      }
      resources = {
        cpu_request    = "100m"
        cpu_limit      = "500m"
        memory_request = "256Mi"
        memory_limit   = "512Mi"
      }
      incremental = []
      full_refresh = [
        "action_module_actions",
        "action_module_versions",
        "action_modules",
        "action_trigger_bindings",
        "action_triggers",
        "action_versions",
        "actions",
        "agents",
        "attack_protection_bot_detection",
        "attack_protection_breached_password_detection",
        "attack_protection_brute_force_protection",
        "attack_protection_captcha",
        "attack_protection_captcha_policies",
        "attack_protection_phone_provider_protection",
        "attack_protection_suspicious_ip_throttling",
        "branding",
        "branding_default_theme",
        "branding_phone_providers",
        "branding_phone_templates",
        "branding_universal_login_template",
        "custom_domains",
        "custom_signing_keys",
        "default_custom_domain",
        "email_provider",
        "email_templates",
        "encryption_keys",
        "event_stream_deliveries",
        "event_streams",
        "experiments",
        "feature_flag_variations",
        "feature_flags",
        "flow_executions",
        "flow_vault_connections",
        "flows",
        "forms",
        "guardian_factor_duo_settings",
        "guardian_factor_email_settings",
        "guardian_factor_phone_message_types",
        "guardian_factor_phone_selected_provider",
        "guardian_factor_phone_settings",
        "guardian_factor_phone_templates",
        "guardian_factor_phone_twilio",
        "guardian_factor_push_apns",
        "guardian_factor_push_selected_provider",
        "guardian_factor_push_sns",
        "guardian_factor_sms_selected_provider",
        "guardian_factor_sms_templates",
        "guardian_factor_sms_twilio",
        "guardian_factor_webauthn_platform_settings",
        "guardian_factor_webauthn_roaming_settings",
        "guardian_factors",
        "guardian_policies",
        "guardian_settings",
        "hooks",
        "log_streams",
        "log_types",
        "network_acl_keys",
        "network_acls",
        "prompt_custom_texts",
        "prompt_partials",
        "prompt_renderings",
        "prompts",
        "prompts_mfa_push",
        "rate_limit_policies",
        "risk_assessment_new_device_settings",
        "risk_assessment_settings",
        "rules",
        "segments",
        "self_service_profile_custom_texts",
        "self_service_profiles",
        "signing_keys",
        "supplemental_signals",
        "tenant_settings",
        "token_exchange_profiles",
        "user_attribute_profile_templates",
        "user_attribute_profiles",
        "verifiable_credential_templates",
      ]
    }
  }

  # Fields of the source: docs/auth0.md has them all.
  source = {
    base_url = "https://${var.auth0_domain}"
    credentials = {
      auth_type     = "oauth2_confidential_application"
      audience      = "https://${var.auth0_domain}/api/v2/"
      client_id     = var.auth0_client_id
      client_secret = var.auth0_client_secret
    }
  }
  sources = { for name, connection in local.connections : name => merge(local.source, connection.options, var.auth0_options) }

  # Streams with a cursor are read incrementally and deduplicated by their key; the others are replaced.
  selected = {
    for name, connection in local.connections : name => concat(
      [for stream in connection.incremental : { name = stream, sync_mode = "incremental_deduped_history" } if !contains(var.left_out_streams, stream)],
      [for stream in connection.full_refresh : { name = stream, sync_mode = "full_refresh_overwrite" } if !contains(var.left_out_streams, stream)],
    )
  }
  streams = { for name, streams in local.selected : name => streams if length(streams) > 0 }
}
