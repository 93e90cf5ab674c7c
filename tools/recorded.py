"""Runs the connector against recorded responses of real tenants: check, then a sync of every stream in both modes.

`python -m tools.recorded --tenant tenant.json --log requests.jsonl`, where `tenant.json` is the line that the recorded
tenant printed (its address and a config) and `requests.jsonl` its log of requests. Any error or unexpected 404 fails.
"""

import argparse
import json
import re
import sys
from http import HTTPStatus
from pathlib import Path

from testing.command import configured_catalog, discovered_streams, run

#: Paths for which a real tenant also responds 404 where nothing is configured, or for which nothing was recorded.
EXPECTED_404 = re.compile(
    r"/(prompts/[^/]+/(custom-text/[^/]+|partials)|email-templates/\w+|forms/[^/]+|flows/[^/]+"
    r"|flows/vault/connections/[^/]+|connections/[^/]+/status|self-service-profiles/[^/]+/custom-text/.*"
    r"|guardian/(settings|factors/(phone|email)/.*)|stats/active-users|supplemental-signals|events"
    r"|attack-protection/phone-provider-protection)$"
)
#: Streams whose path was never recorded: the 404 of the recorded tenant fails them, as it should.
NEVER_RECORDED = {"active_users_stats", "guardian_factor_phone_templates", "guardian_factor_phone_twilio"}
#: The same for each user and API of the recorded tenant, which would take 30,000 requests.
NEVER_RECORDED |= {"user_effective_permissions", "user_effective_permission_source_roles"}


def main() -> int:
    """Print the rows of each stream, and what went wrong; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tenant", type=Path, required=True)
    parser.add_argument("--log", type=Path, required=True)
    arguments = parser.parse_args()
    config = json.loads(arguments.tenant.read_text())["config"]
    check = run("check", config=config)
    problems = [] if check.of_type("CONNECTION_STATUS")[0]["status"] == "SUCCEEDED" else ["check failed"]
    streams = [stream for stream in discovered_streams(config) if stream["name"] not in NEVER_RECORDED]
    syncs = [
        run("read", config=config, catalog=configured_catalog(streams, full_refresh=full_refresh))
        for full_refresh in (True, False)
    ]
    for sync in syncs:
        problems += [error["message"] for error in sync.errors]
        problems += [f"exit status {sync.code}"] if sync.code else []
        problems += [
            f"{stream['name']} did not complete"
            for stream in streams
            if sync.statuses.get(stream["name"], [("", 0)])[-1][0] != "COMPLETE"
        ]
    for stream in streams:
        print(f"{stream['name']:32} {len(syncs[-1].records.get(stream['name'], [])):6} rows")
    problems += [
        f"404 for {url}" for url in _not_found(arguments.log) if not EXPECTED_404.search(url.partition("?")[0])
    ]
    print("\n".join(problems) or f"{len(streams)} streams read to the end from real responses, in both sync modes")
    return 1 if problems else 0


def _not_found(log: Path) -> list[str]:
    requests = [json.loads(line) for line in log.read_text().splitlines()]
    return [request["url"] for request in requests if request["status"] == HTTPStatus.NOT_FOUND]


if __name__ == "__main__":
    sys.exit(main())
