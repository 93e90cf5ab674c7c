"""Judges a sync while routes dripped: rows that are missing, errors without a sentence, waits beyond the patience."""

from collections.abc import Collection, Iterator

from soak.drips.dripped_tenant import DrippedSync, DrippedTenant, Route, keys_of
from source_auth0.manifest.files import stream_files
from testing.in_process import SyncResult
from testing.syncs.sync_probe import is_unreadable

#: Seconds that a list, and what waits for it alone, may take: five minutes of retries, the minute of the last of them,
#: the sync around it, and as much again for a busy machine, whose own delays the fast clock multiplies.
MAX_LIST_SECONDS = 720.0
#: What one stream of many parents may take: eight requests in a row, each with its retries.
MAX_CHILDREN_SECONDS = 8 * 360.0 + MAX_LIST_SECONDS
#: Streams that may succeed before all is read, and leave the rest to the next sync.
MAY_STOP_EARLY = {"events"}
KNOWN_STREAMS = list(stream_files())


def affected(tenant: DrippedTenant, stream: str, dripping: Collection[Route]) -> bool:
    """Whether a stream asks a route that drips, itself or for its parents."""
    return not tenant.routes[stream].isdisjoint(dripping)


def is_of_parents(tenant: DrippedTenant, stream: str, dripping: Collection[Route]) -> bool:
    """Whether a stream asks a route that drips once for each of many parents."""
    return any("{" in path for _, path in tenant.routes[stream].intersection(dripping))


def complaints(tenant: DrippedTenant, done: DrippedSync, dripping: Collection[Route]) -> Iterator[str]:
    """Streams that failed without reason, without a sentence, or too late."""
    for name, message in done.errors.items():
        names = [one for one in KNOWN_STREAMS if f"`{one}`" in message]
        if not name or not affected(tenant, name, dripping):
            yield f"`{name}` fails, and none of its routes drips: {message}"
        elif not names or is_unreadable(message):
            yield f"`{name}` fails without a sentence that names a stream: {message}"
    for name, seconds in done.seconds.items():
        of_parents = is_of_parents(tenant, name, dripping)
        if seconds > (MAX_CHILDREN_SECONDS if of_parents else MAX_LIST_SECONDS):
            yield f"`{name}` takes {seconds:.0f} seconds"


def losses(tenant: DrippedTenant, done: DrippedSync) -> Iterator[str]:
    """Streams that ended well with rows missing, whether their routes drip or not."""
    for name, keys in tenant.keys.items():
        missing = set() if done.hung else keys - keys_of(name, done.synced)
        if missing and name not in done.errors and name not in MAY_STOP_EARLY:
            yield f"{len(missing)} of {len(keys)} rows of `{name}` are missing in a sync that ended well"


def losses_after_next_sync(tenant: DrippedTenant, done: DrippedSync, resumed: SyncResult) -> Iterator[str]:
    """Streams that the next sync, without drips, did not complete."""
    if resumed.error is not None:
        yield f"the next sync fails: {resumed.error_messages}"
    for name, keys in tenant.keys.items():
        if missing := keys - keys_of(name, done.synced) - keys_of(name, resumed):
            yield f"{len(missing)} of {len(keys)} rows of `{name}` are missing after the next sync"
