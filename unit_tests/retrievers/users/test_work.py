from source_auth0.retrievers.users.work import OtherUsers


def test_other_users_are_to_be_read_until_they_are_closed():
    work = OtherUsers("users without dates", lambda: iter([[{"user_id": "auth0|1"}]]))
    assert (work.being_read, work.closed, work.are_deleted) == (True, False, False)
    assert [[{"user_id": "auth0|1"}]] == list(work.read())


def test_its_name_alone_is_shown():
    """What reads it may hold rows."""
    assert "lambda" not in repr(OtherUsers("tombstones", lambda: iter([]), are_deleted=True))
