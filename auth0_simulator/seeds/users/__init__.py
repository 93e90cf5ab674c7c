"""Lists of single users, grants and device credentials."""
