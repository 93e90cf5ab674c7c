"""Organizations, their members, and the roles that members have there."""

from __future__ import annotations

from auth0_simulator.seeds.registry import SeedContext, seeded
from auth0_simulator.wire.rows import Row

MAX_ORGANIZATION_MEMBERS = 5_000
ADJECTIVES = ("amber", "brisk", "coral", "dusky", "eager", "fabled", "golden", "humble", "ivory", "jolly")
NOUNS = ("anvil", "beacon", "canopy", "delta", "ember", "forge", "grove", "harbor")


@seeded("organizations")
def organizations(context: SeedContext) -> list[Row]:
    """As many organizations as the tenant's options say, oldest first."""
    return [_organization(context, index) for index in range(context.tenant.organization_count)]


def _organization(context: SeedContext, index: int) -> Row:
    adjective, noun = ADJECTIVES[index % len(ADJECTIVES)], NOUNS[index // len(ADJECTIVES) % len(NOUNS)]
    return {
        "id": context.id("org_", index),
        "name": f"{adjective}-{noun}-{index}",
        "display_name": f"{adjective.title()} {noun.title()} {index}",
        "branding": {
            "logo_url": f"https://cdn.example.com/logos/{index}.png",
            "colors": {"primary": f"#{index % 4096:03x}", "page_background": "#ffffff"},
        },
        "metadata": {"region": ("eu", "us", "au")[index % 3]},
    }


@seeded("organization_members", "organizations")
def organization_members(context: SeedContext, organization: Row) -> list[Row]:
    """The members of an organization: as many as the tenant's options say.

    Without them, half of all users in the first, none in the third, a few in the others. A row is
    `{"user_id", "roles": [role id]}`; name and email address are added from the user's profile by the route.
    """
    users = context.tenant.users
    first_three = [row["id"] for row in context.tenant.rows("organizations")[:3]]
    sizes = dict(
        zip(
            first_three,
            (min(users.seeded // 2, MAX_ORGANIZATION_MEMBERS), context.random.randint(1, 30), 0),
            strict=False,
        )
    )
    size = sizes.get(organization["id"], context.random.randint(1, 30))
    if context.tenant.member_count is not None:
        ids = [row["id"] for row in context.tenant.rows("organizations")]
        size = context.tenant.member_count(ids.index(organization["id"]))
    roles = [role["id"] for role in context.tenant.rows("roles")]
    slots = context.random.sample(range(users.seeded), min(size, users.seeded))
    return [
        {
            "user_id": users.profiles.user_id(slot),
            "roles": context.random.sample(roles, context.random.choice((0, 0, 1, 1, 2, 3))),
        }
        for slot in slots
    ]
