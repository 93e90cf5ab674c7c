"""A process that has imported the connector and forks a child for each sync, which saves a second of start-up.

`python -m soak.kills.processes.fork_server FD` takes jobs from the socket FD and ends when the other side is closed.
A child behaves like a separately started process: it reads its files, prints into a pipe, and dies of any signal.
"""

import gc
import json
import os
import random
import signal
import socket
import sys
from typing import Any

from airbyte_cdk.models import ConfiguredAirbyteCatalogSerializer

from source_auth0 import SourceAuth0
from source_auth0.retrievers.events import idle_timer
from source_auth0.run import run
from testing.in_process import catalog_of

MAX_JOB_BYTES = 1 << 16


def serve(jobs: socket.socket) -> dict[str, Any] | None:
    """Serve jobs; returns the job in a forked child, and None in the parent when the socket is closed."""
    while True:
        message, files, _, _ = socket.recv_fds(jobs, MAX_JOB_BYTES, 2)
        if not message:
            return None
        job = json.loads(message)
        if "reap" in job:
            # Only now: an unreaped pid is not reused, and the caller may be about to send it a signal.
            _, status = os.waitpid(job["reap"], 0)
            jobs.send(json.dumps(os.waitstatus_to_exitcode(status)).encode())
        elif (pid := os.fork()) == 0:
            jobs.close()
            for number, file in enumerate(files, start=1):
                os.dup2(file, number)
                os.close(file)
            return dict(job)
        else:
            for file in files:
                os.close(file)
            jobs.send(json.dumps(pid).encode())


def warm_up() -> None:
    """Load what a process's first sync loads."""
    names = ("users", "logs", "organization_members", "user_roles", "events")
    credentials = {"auth_type": "oauth2_access_token", "access_token": "x"}
    config = {"base_url": "https://nowhere.invalid", "credentials": credentials}
    catalog = ConfiguredAirbyteCatalogSerializer.load(catalog_of(*names))
    SourceAuth0(catalog, config, []).streams(config)
    gc.collect()


if __name__ == "__main__":
    # A shell starts background jobs with SIGINT ignored, which forked children would inherit.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    warm_up()
    idle_timer.IDLE_SECONDS_AFTER_MARKER = 0.2  # the default adds two seconds to each sync of events
    job = serve(socket.socket(fileno=int(sys.argv[1])))
    if job is not None:
        random.seed(job["seed"])
        sys.argv = ["source-auth0", *job["arguments"]]
        run()
