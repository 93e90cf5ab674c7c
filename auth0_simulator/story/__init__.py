"""One story of a tenant: 90 days in which users, sign-ins, factors, applications and log agree with each other."""
