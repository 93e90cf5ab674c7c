"""HTTP: sessions, response classification, retries and errors."""
