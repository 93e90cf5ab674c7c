"""Progress of a sync: what each long stream says at its start and once a minute, and the estimates for the platform."""
