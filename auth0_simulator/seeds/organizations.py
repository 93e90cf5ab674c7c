"""Organizations, their members, and the roles that members have there."""

from __future__ import annotations

from auth0_simulator.accounts import Row
from auth0_simulator.seeds import Seeding, seeded

LARGEST = 5_000
ADJECTIVES = ("amber", "brisk", "coral", "dusky", "eager", "fabled", "golden", "humble", "ivory", "jolly")
NOUNS = ("anvil", "beacon", "canopy", "delta", "ember", "forge", "grove", "harbor")


@seeded("organizations")
def organizations(seeding: Seeding) -> list[Row]:
    """As many as the tenant was made with, oldest first."""
    return [_organization(seeding, index) for index in range(seeding.tenant.organization_count)]


def _organization(seeding: Seeding, index: int) -> Row:
    adjective, noun = ADJECTIVES[index % len(ADJECTIVES)], NOUNS[index // len(ADJECTIVES) % len(NOUNS)]
    return {
        "id": seeding.id("org_", index),
        "name": f"{adjective}-{noun}-{index}",
        "display_name": f"{adjective.title()} {noun.title()} {index}",
        "branding": {
            "logo_url": f"https://cdn.example.com/logos/{index}.png",
            "colors": {"primary": f"#{index % 4096:03x}"},
        },
        "metadata": {"region": ("eu", "us", "au")[index % 3]},
    }


@seeded("organization_members", "organizations")
def organization_members(seeding: Seeding, organization: Row) -> list[Row]:
    """Who belongs to an organization: half of all users to the first, nobody to the third, a few to each other one.

    A row is `{"user_id", "roles": [role id]}`; name and address come from the user's profile when it is shown.
    """
    users = seeding.tenant.users
    first_three = [row["id"] for row in seeding.tenant.rows("organizations")[:3]]
    sizes = dict(zip(first_three, (min(users.seeded // 2, LARGEST), seeding.random.randint(1, 30), 0), strict=False))
    size = sizes.get(organization["id"], seeding.random.randint(1, 30))
    roles = [role["id"] for role in seeding.tenant.rows("roles")]
    slots = seeding.random.sample(range(users.seeded), min(size, users.seeded))
    return [
        {
            "user_id": users.profiles.user_id(slot),
            "roles": seeding.random.sample(roles, seeding.random.choice((0, 0, 1, 1, 2, 3))),
        }
        for slot in slots
    ]
