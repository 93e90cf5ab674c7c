"""`python -m auth0_simulator`: serve a tenant until interrupted; prints its URLs as a line of JSON when it is ready."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
from typing import Any

from auth0_simulator.control.rate_limits import RATE_LIMIT_PLANS
from auth0_simulator.simulator import Simulator


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m auth0_simulator", description="A simulated Auth0 tenant on loopback."
    )
    parser.add_argument("--port", type=int, default=8080, help="of the tenant; 0 takes a free one (default: 8080)")
    parser.add_argument("--control-port", type=int, default=0, help="of the control plane (default: a free one)")
    parser.add_argument("--users", type=int, default=2500)
    parser.add_argument("--organizations", type=int, default=12)
    parser.add_argument("--seed", type=int, default=7, help="the same seed makes the same tenant")
    parser.add_argument("--story", action="store_true", help="90 days in which users, log and statistics agree")
    parser.add_argument("--latency", type=float, default=0.0, metavar="SECONDS", help="to wait before each response")
    parser.add_argument("--plan", choices=RATE_LIMIT_PLANS, default="unlimited", help="whose rate limits apply")
    parser.add_argument("--audience", default="", help="of the Management API (default: as the tenant's domain has it)")
    parser.add_argument("--tls", action="store_true", help="serve HTTPS; the line of JSON names the certificate's file")
    parser.add_argument("--export-seconds", type=float, default=0.2, help="that an export of users takes")
    return parser.parse_args()


def _ready_message(simulator: Simulator) -> dict[str, Any]:
    credentials = {
        "auth_type": "oauth2_confidential_application",
        "client_id": simulator.client_id,
        "client_secret": simulator.client_secret,
        "audience": simulator.audience,
    }
    config = {"base_url": simulator.base_url, "credentials": credentials}
    ready = {"base_url": simulator.base_url, "control_url": simulator.control_url, "config": config}
    return {**ready, "certificate": simulator.certificate} if simulator.certificate else ready


async def _serve(simulator: Simulator) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await simulator.open()
    print(json.dumps(_ready_message(simulator)), flush=True)
    await stop.wait()
    await simulator.close()


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    options = _arguments()
    simulator = Simulator(
        users=options.users,
        seed=options.seed,
        organizations=options.organizations,
        latency=options.latency,
        plan=options.plan,
        export_seconds=options.export_seconds,
        story=options.story,
        port=options.port,
        control_port=options.control_port,
        audience=options.audience,
        tls=options.tls,
    )
    asyncio.run(_serve(simulator))


if __name__ == "__main__":
    main()
