"""A process that has imported the connector and forks one for each sync, without the second that start-up takes.

`python -m soak.kills.processes.fork_server FD` takes orders from the socket FD and ends when its other side is closed.
What it forks is a process like any other: it reads the files that it is given, prints into a pipe, and dies of what
kills it.
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

MAX_ORDER_BYTES = 1 << 16


def serve(orders: socket.socket) -> dict[str, Any] | None:
    """Do what is ordered; what a sync is to do, in a forked process, and None where the orders have ended."""
    while True:
        message, files, _, _ = socket.recv_fds(orders, MAX_ORDER_BYTES, 2)
        if not message:
            return None
        order = json.loads(message)
        if "reap" in order:
            # Only now: until then nobody else gets its number, which somebody may be about to kill.
            _, status = os.waitpid(order["reap"], 0)
            orders.send(json.dumps(os.waitstatus_to_exitcode(status)).encode())
        elif (pid := os.fork()) == 0:
            orders.close()
            for number, file in enumerate(files, start=1):
                os.dup2(file, number)
                os.close(file)
            return dict(order)
        else:
            for file in files:
                os.close(file)
            orders.send(json.dumps(pid).encode())


def warm_up() -> None:
    """Load what the first sync of a process loads."""
    names = ("users", "logs", "organization_members", "user_roles", "events")
    credentials = {"auth_type": "oauth2_access_token", "access_token": "x"}
    config = {"base_url": "https://nowhere.invalid", "credentials": credentials}
    catalog = ConfiguredAirbyteCatalogSerializer.load(catalog_of(*names))
    SourceAuth0(catalog, config, []).streams(config)
    gc.collect()


if __name__ == "__main__":
    # A shell has what it starts in the background pass over Ctrl-C, and so would all that is forked here.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    warm_up()
    idle_timer.IDLE_SECONDS_AFTER_MARKER = 0.2  # each sync of events would wait for two seconds at its end
    job = serve(socket.socket(fileno=int(sys.argv[1])))
    if job is not None:
        random.seed(job["seed"])
        sys.argv = ["source-auth0", *job["arguments"]]
        run()
