"""Branding, prompts and emails."""
