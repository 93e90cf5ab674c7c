"""The events of `GET /events`: the store, the seeded events, and the server-sent event stream."""
