"""Syncs that are killed at random moments, and the ones that go on from what they left."""
