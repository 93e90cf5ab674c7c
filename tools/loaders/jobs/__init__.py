"""Programs for the environments of the loaders, which have none of this project's packages: they are run by path."""
