"""What streams cost in requests: for their pages, for `estimate`, for all that tells how long a sync takes."""
