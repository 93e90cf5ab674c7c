"""States that nobody left: malformed, foreign, of the future, giant."""
