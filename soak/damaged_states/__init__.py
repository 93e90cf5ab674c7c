"""States that no sync saved: malformed, foreign, future, giant."""
