"""Jobs that export users, their files, and the storage that serves the files under signed links."""
