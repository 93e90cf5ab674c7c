from source_auth0.progress.waits import Waits


def test_the_longest_waits_are_named_in_order_and_short_ones_are_not():
    waits = Waits()
    for reason, begin, end in (("brief", 0, 5), ("long", 0, 40), ("longest", 5, 60), ("third", 10, 40)):
        waits.begin("users", reason, lambda reason=reason: f"the {reason} one", begin)
        waits.end("users", reason, end)
    assert ["the longest one", "the long one"] == waits.take("users", 60, 60)
    assert [] == waits.take("users", 120, 60)


def test_a_wait_counts_once_however_many_threads_wait():
    """Ten threads that wait for half a second each, at the same time, are no wait worth a word."""
    waits = Waits()
    for _ in range(10):
        waits.begin("users", "limit", lambda: "limit", 1.0)
    for _ in range(10):
        waits.end("users", "limit", 1.5)
    assert [] == waits.take("users", 60, 60)


def test_a_wait_that_is_not_over_counts_up_to_now_and_anew_afterwards():
    waits = Waits()
    waits.begin("users", "export", lambda: "export", 50)
    assert ["export"] == waits.take("users", 60, 60)
    waits.end("users", "export", 64)
    assert [] == waits.take("users", 120, 60)


def test_the_last_description_of_a_reason_counts():
    waits = Waits()
    for percent, begin in ((10, 0), (20, 30)):
        waits.begin("users", "export", lambda percent=percent: f"{percent} %", begin)
        waits.end("users", "export", begin + 30)
    assert ["20 %"] == waits.take("users", 60, 60)


def test_streams_wait_apart():
    waits = Waits()
    waits.begin("users", "limit", lambda: "limit", 0)
    assert [] == waits.take("roles", 60, 60)
    assert ["limit"] == waits.take("users", 60, 60)
