"""Syncs that are killed at random points, and the syncs that resume from the states they saved."""
