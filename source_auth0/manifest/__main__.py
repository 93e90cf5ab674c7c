"""Prints the assembled manifest: `python -m source_auth0.manifest`."""

import sys

import yaml

from source_auth0.manifest.assembly import assemble
from source_auth0.manifest.files import stream_files

yaml.safe_dump(assemble(list(stream_files()), with_schemas=True), sys.stdout, sort_keys=False, allow_unicode=True)
