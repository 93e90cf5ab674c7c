"""The stream `events`: Auth0's Events API, read over server-sent events."""
