"""The file of `--config`."""

from typing import Any

from source_auth0.errors import config_error
from source_auth0.input_files.json_files import EXPECTED, parsed, read_text, shown_path

KIND = "config"


def read_config(path: str) -> dict[str, Any]:
    """The config in a file; raises a config error that names the file and says what is wrong with it."""
    config = parsed(read_text(path, KIND), path, KIND)
    if not isinstance(config, dict):
        raise config_error(f"The file {shown_path(path)} (`--config`) does not hold a config. {EXPECTED[KIND]}")
    return config
