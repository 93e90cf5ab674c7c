"""The stream `users`: keyset pagination of user search, export jobs, tombstones of deleted users."""
