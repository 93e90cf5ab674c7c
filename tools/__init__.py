"""Commands for developers: they check a release, an image, the dependencies, and every stream."""
