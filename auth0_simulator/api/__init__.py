"""The Management API: dispatching requests, the definition of routes, parameters, pagination and responses."""
