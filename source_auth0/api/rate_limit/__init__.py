"""Rate limits: token buckets learned from Auth0's answers, and adaptive concurrency."""
