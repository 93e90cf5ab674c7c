"""User attributes that a config excludes: requested without them, and dropped from responses all the same."""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from source_auth0.records import Page
from source_auth0.redaction.log_masking import quote_input
from source_auth0.spelling import edit_distance

LOGGER = logging.getLogger("airbyte.source_auth0")
EXCLUDED_FIELDS_OPTION = "users_excluded_fields"
EXCLUDED_FIELDS_TITLE = "Excluded Fields of Users"
#: Attributes that every sync of users needs: the primary key and the cursor fields.
REQUIRED_FIELDS = ("user_id", "created_at", "updated_at")
#: Nested attributes, which can only be excluded as a whole.
NESTED_FIELDS = ("app_metadata", "identities", "user_metadata")
#: Letters by which a name may differ from that of an attribute and still be taken for it; of shorter names, one.
MAX_EDITS, MIN_LENGTH_FOR_MAX_EDITS = 2, 5


@dataclass(frozen=True)
class ExcludedFields:
    """The names of the excluded top-level attributes of users."""

    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "ExcludedFields":
        """The names that a config excludes, without duplicates."""
        return cls(tuple(dict.fromkeys(str(name).strip() for name in config.get(EXCLUDED_FIELDS_OPTION) or [])))

    @property
    def query(self) -> dict[str, str]:
        """The query parameters that exclude the attributes; empty where there are none."""
        return {"fields": ",".join(self.names), "include_fields": "false"} if self.names else {}

    def without(self, page: Page) -> Page:
        """The rows of a page without the attributes, which a recorded response had although they were excluded."""
        for row in page:
            for name in self.names:
                row.pop(name, None)
        return page

    def warn_of_unknown(self, known: Collection[str], first_time: Callable[[str], bool]) -> None:
        """Warn once of names that Auth0 does not document: a typing error would let personal data through."""
        unknown = [f"`{quote_input(name)}`" for name in self.names if name not in known]
        warning = (
            f"{EXCLUDED_FIELDS_TITLE} (`{EXCLUDED_FIELDS_OPTION}`) names {', '.join(unknown)}, which Auth0 "
            "does not document as an attribute of users. It is left out where an identity provider sends it under this "
            "very name; check the spelling."
        )
        if unknown and first_time(warning):
            LOGGER.warning(warning)


def misspelled_fields_problem(config: Mapping[str, Any], known: Collection[str]) -> str | None:
    """The error of excluded names that are nearly those of documented attributes, whose values would be replicated."""
    pairs = [(name, meant) for name in ExcludedFields.of(config).names if (meant := _misspelled(name, known))]
    if not pairs:
        return None
    names = " and ".join(f"`{quote_input(name)}` where Auth0 has `{meant}`" for name, meant in pairs)
    return (
        f"{EXCLUDED_FIELDS_TITLE} (`{EXCLUDED_FIELDS_OPTION}`) has {names}, so that the attribute would not be left "
        f"out. Enter {' and '.join(f'`{meant}`' for _, meant in pairs)}."
    )


def _misspelled(name: str, known: Collection[str]) -> str | None:
    """The documented attribute that a name is nearly; of a short name, more than one letter is another word."""
    bound = MAX_EDITS if len(name) >= MIN_LENGTH_FOR_MAX_EDITS else 1
    distances = {each: edit_distance(name.lower(), each) for each in known}
    nearest = min(distances, key=distances.__getitem__, default=None)
    return nearest if nearest and name not in known and distances[nearest] <= bound else None


def excluded_fields_problems(config: Mapping[str, Any]) -> Iterator[str]:
    """The errors of names that cannot be excluded, or that would exclude nothing."""
    names = config.get(EXCLUDED_FIELDS_OPTION)
    for name in names if isinstance(names, list) else []:
        if advice := _advice(name.strip()) if isinstance(name, str) else "":
            yield f"{EXCLUDED_FIELDS_TITLE} (`{EXCLUDED_FIELDS_OPTION}`) has `{quote_input(name)}`, {advice}"


def _advice(name: str) -> str:
    if name in REQUIRED_FIELDS:
        return "which users are read by and told apart with. It cannot be left out of the response."
    if name == "additional_attributes":
        return "which is gathered by the connector. Name the attributes themselves, or deselect the column."
    if not name or "," in name:
        return "which is no name of an attribute. Enter one name an item, such as `last_ip`."
    root = name.partition(".")[0]
    if root in NESTED_FIELDS and root != name:
        return f"which is a part of `{root}`. Only the whole can be left out: enter `{root}`."
    return ""
