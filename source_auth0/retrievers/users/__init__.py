"""The stream `users`: search by keyset, export jobs, tombstones."""
