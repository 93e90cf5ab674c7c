"""The page for administrators: which streams may write to the tenant's log, and where a person is to be erased."""

import re
from pathlib import Path
from typing import Any

from source_auth0.manifest.assembly import load_stream
from source_auth0.manifest.files import stream_files

PAGE = (Path(__file__).parents[3] / "docs/approve.md").read_text(encoding="utf-8")
#: Columns marked as secret of which Auth0 sends none for what the application should be granted, or sends copies.
NO_SECRET_IS_READ = {"events", "logs", "users"}
#: Secrets below keys that no document lists: `net`, and nothing marked.
OF_UNKNOWN_KEYS = {"flow_vault_connections"}


def section(heading: str) -> str:
    return PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]


def has_secret(node: Any) -> bool:
    if isinstance(node, dict):
        return node.get("x-secret") is True or any(map(has_secret, node.values()))
    return isinstance(node, list) and any(map(has_secret, node))


def columns(stream: str) -> dict[str, Any]:
    return dict(load_stream(stream)["schema_loader"]["schema"]["properties"])


def test_streams_that_write_mgmt_api_read_are_those_whose_secrets_auth0_sends():
    part = section("What Auth0 notices").partition("**`mgmt_api_read`.**")[2]
    by_default, by_hash = part.partition("With **Secrets** set to `hash`")[::2]
    listed = {name for name in re.findall(r"`(\w+)`", by_default) if name in stream_files()}
    asked_for = {name for name in re.findall(r"`(\w+)`", by_hash) if name in stream_files()}
    with_secrets = {name for name in stream_files() if has_secret(columns(name))}
    assert with_secrets - NO_SECRET_IS_READ == (listed | asked_for) - OF_UNKNOWN_KEYS
    left_out_by_auth0 = {name for name in stream_files() if "include_fields" in str(load_stream(name))}
    assert asked_for <= left_out_by_auth0
    assert listed.isdisjoint(left_out_by_auth0)


def test_a_person_is_searched_in_every_column_that_names_people():
    """`email` of groups and `support_email` of the tenant are nobody's."""
    part = section("Erase a person")
    (names,) = re.findall(r"column_name IN \(([^)]+)\)", part)
    named = {column for stream in stream_files() for column in columns(stream)}
    people = {name for name in named if re.search(r"(^|_)(email|user_name|user_id)$", name)} | {"invitee", "inviter"}
    assert people - {"support_email"} == set(re.findall(r"'(\w+)'", names))
    for stream, column in re.findall(r"`(\w+)\.(\w+)`", part):
        assert column in columns(stream)
