"""The connector's command as `/airbyte/base.sh` of an image, in which the tap expects to be installed.

KEPT_STATES names a file: states then go into it instead of to the tap, and `read` begins from it.
"""

import json
import os
import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Run the command with these arguments; returns its exit code."""
    kept = os.environ.get("KEPT_STATES")
    arguments = ["source-auth0", *sys.argv[1:]]
    if not kept or sys.argv[1] != "read":
        return subprocess.run(arguments, check=False).returncode  # noqa: S603, RUF100 - the connector
    file = Path(kept)
    if file.exists():
        arguments += ["--state", kept]
    states = []
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
        for line in process.stdout or ():
            if json.loads(line)["type"] == "STATE":
                states.append(line)
            else:
                sys.stdout.write(line)
    if states:
        file.write_text("".join(states), encoding="utf-8")
    return process.returncode


if __name__ == "__main__":
    sys.exit(main())
