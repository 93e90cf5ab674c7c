"""How long a first sync takes, before one starts.

`python docs/estimate.py --users 250000 --organizations 800 --members 40`. Without numbers, the table of
docs/planning.md. Requests follow docs/streams.md; the limits are those that Auth0 publishes.
"""

import argparse
import math
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from auth0_simulator.control.rate_limits import RATE_LIMIT_PLANS, RateLimit

PAGE = 100
#: What a sync uses of a limit, unless `rate_limit_share` says otherwise.
SHARE = 0.9
#: Requests a second that eight workers make where an answer takes a tenth of a second.
PACE = 80.0
SHOWN = {
    "free": "Free",
    "self_service": "Essentials, Professional",
    "enterprise": "Enterprise",
    "private_cloud_100": "Private Cloud 100",
}
#: (users, organizations, members of each)
TENANTS = ((5_000, 0, 0), (20_000, 200, 20), (100_000, 500, 50), (1_000_000, 5_000, 100))


def requests_of(users: int, organizations: int, members: int) -> Counter[str]:
    """Requests by endpoint of `users`, `organizations`, `organization_members` and `organization_member_roles`."""
    asked = Counter({"/users": math.ceil(1.08 * math.ceil(users / PAGE)) + 40})
    if organizations:
        asked["/organizations"] = math.ceil(organizations / PAGE)
        asked["/organizations/{id}/members"] = organizations * (math.ceil(members / PAGE) + 1)
    return asked


def minutes_of(asked: Counter[str], plan: str) -> int:
    """Minutes, rounded up, that the tightest limit of a plan leaves; nobody else uses the tenant meanwhile."""
    limits = RATE_LIMIT_PLANS[plan]
    buckets = {} if limits is None else {path: limits.endpoints.get(path, limits.others) for path in asked}
    seconds = [asked.total() / PACE, _seconds(asked.total(), limits.tenant if limits else None)]
    seconds += [_seconds(asked[path], bucket) for path, bucket in buckets.items()]
    return max(1, math.ceil(max(seconds) / 60))


def table(tenants: tuple[tuple[int, int, int], ...]) -> str:
    """A Markdown table with a line for each tenant."""
    heads = ["Users", "Organizations", "Members each", "Requests", *SHOWN.values()]
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for tenant in tenants:
        asked = requests_of(*tenant)
        cells = [
            *(f"{number:,}" for number in (*tenant, asked.total())),
            *(f"{minutes_of(asked, p)} min" for p in SHOWN),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _seconds(count: int, limit: RateLimit | None) -> float:
    return max(0, count / SHARE - limit.burst) * limit.period / limit.sustained if limit else 0.0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("users", "organizations", "members"):
        parser.add_argument(f"--{name}", type=int, default=0)
    numbers = tuple(vars(parser.parse_args()).values())
    print(table((numbers,) if any(numbers) else TENANTS))
