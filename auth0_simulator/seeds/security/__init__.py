"""Multi-factor authentication, attack protection and keys."""
