"""The stream `logs` and the streams derived from it."""
