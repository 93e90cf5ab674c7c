"""The stream `logs` and the streams that are derived from it."""
