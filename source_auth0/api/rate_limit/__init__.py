"""Rate limits: token buckets learned from Auth0's responses, and adaptive concurrency."""
