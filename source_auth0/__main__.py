"""`python -m source_auth0`."""

from source_auth0.run import run

run()
