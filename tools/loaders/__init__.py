"""Programs that run the connector for others, tried with the simulated tenant: what arrives in their tables."""
