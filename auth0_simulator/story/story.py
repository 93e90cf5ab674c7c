"""A story as a tenant takes it: its users, its log, and what it changes of the seeded collections."""

from __future__ import annotations

from dataclasses import dataclass, replace

from auth0_simulator.logs.seeded_events import LogOptions
from auth0_simulator.state.clock import DAY_MILLISECONDS, Clock
from auth0_simulator.state.tenant_options import TenantOptions
from auth0_simulator.story.calendar import DAYS
from auth0_simulator.story.collections import StoryCollections
from auth0_simulator.story.events import StoryEvents
from auth0_simulator.story.people import People, StoryProfiles
from auth0_simulator.story.script import Script


@dataclass(frozen=True)
class Story:
    """What a tenant is made of in place of its usual parts; it ends at midnight before now."""

    people: People
    profiles: StoryProfiles
    events: StoryEvents
    collections: StoryCollections

    @classmethod
    def of(cls, seed: int, users: int, clock: Clock) -> Story:
        """The story of so many users."""
        people = People(seed, users, clock.milliseconds() // DAY_MILLISECONDS * DAY_MILLISECONDS)
        script = Script(people)
        return cls(people, StoryProfiles(people), StoryEvents(script), StoryCollections(people, script))


def told_by(
    wanted: bool,  # noqa: FBT001 - the simulator's option
    seed: int,
    clock: Clock,
    tenant_options: TenantOptions,
    log_options: LogOptions,
) -> tuple[TenantOptions, LogOptions, Story | None]:
    """The options of a tenant, and the story if one is wanted: users come and go by it, and its log keeps all of it."""
    if not wanted:
        return tenant_options, log_options, None
    story = Story.of(seed, tenant_options.users, clock)
    people, kept = story.people, max(log_options.retention, DAYS + 1.0)
    of_users = replace(tenant_options, created_at=people.created_at, updated_at=people.updated_at)
    return of_users, replace(log_options, retention=kept), story
