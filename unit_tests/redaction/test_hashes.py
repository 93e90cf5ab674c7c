import hashlib

from source_auth0.redaction.hashes import HashedText, hash_leaves, sha256_leaves


def test_each_leaf_is_hashed_once_and_nulls_stay():
    digest = hashlib.sha256(b"x").hexdigest()
    assert {"a": [f"sha256:{digest}", None]} == hash_leaves({"a": ["x", None]})
    assert {"a": [digest, None]} == sha256_leaves({"a": ["x", None]})
    for hashed in (hash_leaves("x"), sha256_leaves("x")):
        assert isinstance(hashed, HashedText)
        assert hashed is hash_leaves(hashed)


def test_a_number_is_hashed_as_json():
    assert hashlib.sha256(b"7").hexdigest() == sha256_leaves(7)
