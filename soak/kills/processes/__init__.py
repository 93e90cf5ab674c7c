"""Syncs in forked processes that can be killed."""
