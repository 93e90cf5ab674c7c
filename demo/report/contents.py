"""What the report shows: figures and charts, each with its definition, its query, and what it needs."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.report import charts

QUERIES = Path(__file__).with_name("queries")
Rows = list[dict[str, Any]]
#: Runs a query against the marts.
Ask = Callable[[str], Rows]


@dataclass(frozen=True)
class Figure:
    """One number.

    file: the name of its query, whose only row has the number as `figure`, or null.
    needs: the streams without which it says nothing; `a|b` is either of them.
    counts: streams without which it says less.
    otherwise: why there may be no number though all of them are there.
    """

    title: str
    file: str
    definition: str
    needs: tuple[str, ...]
    counts: tuple[str, ...] = ()
    unit: str = ""
    otherwise: str = "There is none."


@dataclass(frozen=True)
class Chart:
    """One chart.

    needs: the streams without which it says nothing; `a|b` is either of them.
    draw: makes an SVG of rows; the first column is `label`, the others are series.
    counts: streams without which it says less.
    """

    title: str
    file: str
    definition: str
    needs: tuple[str, ...]
    draw: Callable[[str, Rows], str]
    counts: tuple[str, ...] = ()


#: What tells who holds a privileged role, and what tells more of it.
PRIVILEGED = ("users", "roles", "role_users|user_roles")
PRIVILEGED_MORE = ("role_permissions", "organization_member_roles", "user_authentication_methods")
#: What tells what makes an application risky, beside its own settings.
RISKS = ("client_grants", "client_credentials", "changes")
FIGURES = (
    Figure("Users", "users.sql", "Users who are there; deleted ones are not.", ("users",)),
    Figure(
        "Active in 30 days",
        "active_users_30_days.sql",
        "Users who signed in, renewed silently or exchanged a refresh token.",
        ("logs",),
        otherwise="The log reaches back less than 30 days as yet.",
    ),
    Figure(
        "Use a second factor",
        "second_factor.sql",
        "Of those who can: users of an enterprise's own sign-in are left out.",
        ("users",),
        ("user_authentication_methods",),
        unit="%",
    ),
    Figure(
        "Privileged access to review",
        "privileged_findings.sql",
        "Privileged roles of people who are blocked, dormant, unknown or weakly guarded.",
        PRIVILEGED,
        PRIVILEGED_MORE,
        otherwise="Nobody holds a privileged role.",
    ),
    Figure(
        "Sign-ins that failed", "failed_sign_ins.sql", "Of all sign-ins of the last seven days.", ("logs",), unit="%"
    ),
    Figure(
        "Applications at risk",
        "risky_applications.sql",
        "Three points or more, by callbacks, grants, scopes, keys and secrets.",
        ("clients",),
        RISKS,
    ),
)
CHARTS = (
    Chart(
        "Active users",
        "active_users.sql",
        "Users active on each day, and within 7 and 30 days; lines begin where the log reaches back far enough.",
        ("logs",),
        charts.lines,
    ),
    Chart(
        "Sign-ins a day",
        "sign_ins.sql",
        "Sign-ins that succeeded and that failed, for whatever reason.",
        ("logs",),
        charts.columns,
    ),
    Chart(
        "Second factors by connection",
        "second_factor_by_connection.sql",
        "Users by their strongest confirmed factor. Users of an enterprise's own sign-in are left out.",
        ("users",),
        charts.bars,
        ("user_authentication_methods",),
    ),
    Chart(
        "Privileged access by finding",
        "privileged_access.sql",
        "Roles that are privileged by name or permission, by the first finding that applies to who holds them.",
        PRIVILEGED,
        charts.bars,
        PRIVILEGED_MORE,
    ),
    Chart(
        "Trouble by week",
        "trouble.sql",
        "Events of attack protection, and sign-ins, factors, codes and passwords that failed. Weeks begin on Monday.",
        ("logs", "log_types"),
        charts.columns,
    ),
    Chart(
        "Changes by week",
        "changes.sql",
        "Writes of the Management API and dashboard; sensitive: somebody may do more, or something guards less.",
        ("changes",),
        charts.columns,
    ),
    Chart(
        "Largest organizations",
        "organizations.sql",
        "Members, and those of them who hold a privileged role there.",
        ("organizations", "organization_members|user_organizations"),
        charts.bars,
        ("organization_member_roles", "roles", "role_permissions"),
    ),
    Chart(
        "Applications to look at",
        "applications.sql",
        "Points: 3 for callbacks by http or with wildcards, 2 for old grants, writing scopes or keys soon to expire.",
        ("clients",),
        charts.noted_bars,
        RISKS,
    ),
)


def rows_of(ask: Ask, file: str) -> Rows:
    """The rows of one of the report's queries."""
    return ask((QUERIES / file).read_text(encoding="utf-8"))
