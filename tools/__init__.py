"""Developer commands that check a release, an image, the dependencies and every stream, and write generated pages."""
