"""Holds the connector against real responses: check, then a sync of every stream, without any error or unexpected 404.

`python -m integration_tests.recorded --tenant tenant.json --log requests.jsonl`, where `tenant.json` is the line that
the recorded tenant printed (its address and a config) and `requests.jsonl` its log of requests.
"""

import argparse
import json
import re
import sys
from pathlib import Path

from integration_tests.connector import configured, discovered, run

#: Where a real tenant answers 404 too for what nobody configured, and where nothing was ever recorded.
EXPECTED_404 = re.compile(
    r"/(prompts/[^/]+/(custom-text/[^/]+|partials)|email-templates/\w+|forms/[^/]+|flows/[^/]+"
    r"|flows/vault/connections/[^/]+|connections/[^/]+/status|self-service-profiles/[^/]+/custom-text/.*"
    r"|guardian/(settings|factors/(phone|email)/.*)|stats/active-users|supplemental-signals|events"
    r"|attack-protection/phone-provider-protection)$"
)
#: Streams whose route was never recorded: the 404 of the recorded tenant fails them, as it should.
NEVER_RECORDED = {"active_users_stats", "guardian_factor_phone_templates", "guardian_factor_phone_twilio"}
#: The same for each user and API of the recorded tenant, which would be 30,000 requests for nothing.
NEVER_RECORDED |= {"user_effective_permissions", "user_effective_permission_source_roles"}


def main() -> int:
    """Print a row a stream, and what went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tenant", type=Path, required=True)
    parser.add_argument("--log", type=Path, required=True)
    arguments = parser.parse_args()
    config = json.loads(arguments.tenant.read_text())["config"]
    check = run("check", config=config)
    problems = [] if check.of_type("CONNECTION_STATUS")[0]["status"] == "SUCCEEDED" else ["check failed"]
    streams = [stream for stream in discovered(config) if stream["name"] not in NEVER_RECORDED]
    for full_refresh in (True, False):
        sync = run("read", config=config, catalog=configured(streams, full_refresh=full_refresh))
        problems += [error["message"] for error in sync.errors]
        problems += [f"exit status {sync.code}"] if sync.code else []
        problems += [
            f"{stream['name']} did not complete"
            for stream in streams
            if sync.statuses.get(stream["name"], [("", 0)])[-1][0] != "COMPLETE"
        ]
    for stream in streams:
        print(f"{stream['name']:32} {len(sync.records.get(stream['name'], [])):6} rows")
    problems += [
        f"404 for {url}" for url in _not_found(arguments.log) if not EXPECTED_404.search(url.partition("?")[0])
    ]
    print("\n".join(problems) or f"{len(streams)} streams read to the end from real responses, in both sync modes")
    return 1 if problems else 0


def _not_found(log: Path) -> list[str]:
    requests = [json.loads(line) for line in log.read_text().splitlines()]
    return [request["url"] for request in requests if request["status"] == 404]


if __name__ == "__main__":
    sys.exit(main())
