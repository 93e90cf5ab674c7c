"""The Management API client: authentication, rate limits, retries, and the tenant that all streams share."""
