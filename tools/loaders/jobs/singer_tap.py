"""`tap-airbyte` beside the connector: it is written to be installed in the connector's image, at `/airbyte`.

`python singer_tap.py FOLDER ARGUMENTS…`: FOLDER stands for `/airbyte`, and for the `/tmp` that it writes to.
"""

import subprocess
import sys
from typing import Any

FOLDER = sys.argv.pop(1)


Popen: Any = subprocess.Popen


class InFolder(Popen):  # type: ignore[misc]
    """A process that is started in FOLDER where `/airbyte` was meant."""

    def __init__(self, arguments: list[str], *more: Any, cwd: str | None = None, **options: Any) -> None:
        words = [f"{FOLDER}/base.sh" if word.endswith("/base.sh") else word for word in arguments]
        super().__init__(words, *more, cwd=FOLDER if cwd == "/airbyte" else cwd, **options)


vars(subprocess)["Popen"] = InFolder

from tap_airbyte.tap import TapAirbyte  # noqa: E402 - it binds Popen when it is imported

TapAirbyte.conf_dir = FOLDER
TapAirbyte.cli()
