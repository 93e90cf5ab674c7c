"""Parsers of single events of the tenant's log: their position, their API write, the user they delete."""
