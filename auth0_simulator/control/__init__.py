"""What tests control: the control plane, settings, faults, rate limits, and the journal of requests."""
