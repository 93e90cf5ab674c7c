"""User search: queries of time ranges, keyset pagination, and evidence that nobody is missing."""
