"""A full refresh that a later attempt goes on with: which generation of rows it makes, and the state that it leaves."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airbyte_cdk.models import ConfiguredAirbyteStream, SyncMode

#: The only key of the state of a full refresh that is under way; no incremental state has it.
FULL_REFRESH_KEY = "full_refresh"
#: The version of what such a state holds.
VERSION = 1
#: Options that say how the tenant is reached, or when to remind, and not what is read of it; hexadecimal digits by
#: which others are known.
OPTIONS_OF_ACCESS = frozenset(
    {"credentials", "num_workers", "rate_limit_share", "max_requests_per_second", "full_reading_reminder_days"}
)
HASH_LENGTH = 12


@dataclass(frozen=True)
class Generation:
    """The generation of rows that a full refresh makes, as the catalog numbers it, and the sync that begins it.

    A platform gives each full refresh that replaces a table the next number, and every attempt of it the same one: the
    rows of attempts of one generation make one table (https://docs.airbyte.com/platform/operator-guides/refreshes).
    options: a hash of those options of the config that decide what is read; with others, rows would be missing.
    """

    generation_id: int
    sync_id: int | None
    options: str

    @classmethod
    def of(cls, configured: ConfiguredAirbyteStream | None, config: Mapping[str, Any]) -> "Generation | None":
        """That of a configured stream; None where rows of an earlier attempt may not be there, or nobody says so."""
        if configured is None or configured.sync_mode != SyncMode.full_refresh:
            return None
        generation_id, minimum = configured.generation_id, configured.minimum_generation_id
        if not isinstance(generation_id, int) or generation_id != minimum:
            return None
        options = {name: value for name, value in config.items() if name not in OPTIONS_OF_ACCESS}
        text = json.dumps(options, sort_keys=True, default=str)
        return cls(generation_id, configured.sync_id, hashlib.sha256(text.encode()).hexdigest()[:HASH_LENGTH])

    def state_of(self, progress: Mapping[str, Any]) -> dict[str, Any]:
        """The state of a full refresh that has got as far as this."""
        return {
            FULL_REFRESH_KEY: {
                "v": VERSION,
                "generation_id": self.generation_id,
                "sync_id": self.sync_id,
                "options": self.options,
                "progress": dict(progress),
            }
        }

    def progress_in(self, saved: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """How far an earlier attempt of this generation has got, by the state that it left; None by any other state."""
        refresh = saved.get(FULL_REFRESH_KEY)
        if not isinstance(refresh, dict) or refresh.get("v") != VERSION:
            return None
        generation_id, progress = refresh.get("generation_id"), refresh.get("progress")
        is_of_this = generation_id == self.generation_id and not isinstance(generation_id, bool)
        is_of_this = is_of_this and refresh.get("options") == self.options
        return progress if is_of_this and isinstance(progress, dict) else None
