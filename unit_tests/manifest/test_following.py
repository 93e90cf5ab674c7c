import logging
from typing import Any

import pytest
import yaml
from airbyte_cdk.models import AirbyteCatalog

from source_auth0 import SourceAuth0
from source_auth0.manifest.assembly import load_following_streams, load_manifest, load_stream, primary_key
from source_auth0.manifest.files import MANIFEST, stream_files
from source_auth0.manifest.following import ROOTS, root_of
from source_auth0.retrievers.followed_parents import retrievers
from source_auth0.retrievers.log_events.named_parents import ROOTS as NAMED_ROOTS

CONFIG: dict[str, Any] = {
    "base_url": "https://demo.us.auth0.com",
    "credentials": {"auth_type": "oauth2_access_token", "access_token": "x"},
}
FOLLOWED = [name for name in stream_files() if root_of(load_stream(name))]


def discovered(**options: Any) -> AirbyteCatalog:
    return SourceAuth0(None, {**CONFIG, **options}).discover(logging.getLogger(), {**CONFIG, **options})


def test_each_root_is_one_that_events_name_and_each_router_is_there():
    assert NAMED_ROOTS == set(ROOTS.values())
    assert set(yaml.safe_load((MANIFEST / "partitions.yaml").read_text())) >= set(ROOTS)


@pytest.mark.parametrize("stream", FOLLOWED)
def test_a_stream_that_follows_changes_is_read_by_a_class_of_its_own_list(stream: str):
    """Its first key column is that of the parent, whose readings are written."""
    archetype = load_stream(stream)["retriever"]["$ref"].rpartition("/")[2]
    base = load_manifest()["definitions"][archetype]["class_name"].rpartition(".")[2]
    (definition,) = load_following_streams([stream])
    followed = getattr(retrievers, definition["retriever"]["class_name"].rpartition(".")[2])
    assert base in [each.__name__ for each in followed.__mro__]
    assert primary_key(definition)[0].removesuffix("_id") in {"org", "organization", "role", "connection", "client"}


def test_streams_that_can_follow_changes_are_incremental_with_the_option_and_as_before_without():
    before, after = discovered(), discovered(follow_changes=True)
    for old, new in zip(before.streams, after.streams, strict=True):
        if new.name in FOLLOWED:
            assert (["read_at"], True, True) == (new.default_cursor_field, new.source_defined_cursor, new.is_resumable)
            assert "read_at" in new.json_schema["properties"]
            assert (None, False) == (old.default_cursor_field, old.is_resumable)
            assert "read_at" not in old.json_schema["properties"]
        else:
            assert old == new
    assert before == discovered(follow_changes=False)
    assert 26 == len(FOLLOWED)
