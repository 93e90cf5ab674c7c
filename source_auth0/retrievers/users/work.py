"""What a worker reads for `users` at a time."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from source_auth0.records import Page
from source_auth0.retrievers.user_search.time_slices import TimeSlice


@dataclass(eq=False)
class OtherUsers:
    """Users that do not come from a time slice: tombstones, an export, users without dates.

    read: yields their pages. are_deleted: they are tombstones, rows that no search returned.
    """

    name: str
    read: Callable[[], Iterator[Page]] = field(repr=False)
    are_deleted: bool = False
    being_read: bool = True
    closed: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)


UserWork = TimeSlice | OtherUsers
