"""What tests, soak and benchmarks share: the command, in-process syncs, fakes, keys, tenants and a fast clock."""
