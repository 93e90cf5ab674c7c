from typing import Any

import pytest

from source_auth0.components.bucket import Bucket, Ceiling, Token
from source_auth0.components.published import Flow
from source_auth0.components.refill import Seen, Told


def told(remaining: int, at: float = 0.0, *, limit: int = 10, sent: float | None = None) -> Told:
    return Told(limit, remaining, 1.0, at if sent is None else sent, at)


def bucket(remaining: int, share: float = 0.5, *, limit: int = 10, rate: float = 2.0, step: float = 0.0) -> Bucket:
    """One that told of itself at 0, refilled by two tokens a second."""
    return Bucket(told(remaining, limit=limit), share, [Flow(rate, step)])


def go(some: Bucket, number: int, now: float = 0.0) -> list[Token]:
    return [some.take(now) for _ in range(number)]


@pytest.mark.parametrize(
    ("now", "ahead", "expected"), [(0.0, 0, 1.0), (0.0, 1, 2.0), (0.25, 0, 0.5), (0.5, 0, 0.0), (0.5, 1, 1.0)]
)
def test_what_is_not_used_is_left_to_others(now: float, ahead: int, expected: float):
    """Four remain beside the first request's own, of which five are for others."""
    assert expected == pytest.approx(bucket(4).wait(now, ahead))


@pytest.mark.parametrize(
    ("now", "ahead", "expected"), [(0.0, 0, 1.0), (0.5, 0, 0.5), (1.0, 0, 0.0), (1.0, 1, 1.0), (100.0, 4, 0.0)]
)
def test_a_share_is_used_of_what_is_there_and_of_what_flows_in(now: float, ahead: int, expected: float):
    full = bucket(9)
    assert [0.0, 0.0, 0.0, 0.0, 0.0, 1.0] == [full.wait(0.0, ahead) for ahead in range(6)]
    go(full, 5)
    assert expected == pytest.approx(full.wait(now, ahead))


def test_no_more_than_a_share_is_saved_up():
    full = bucket(9)
    go(full, 5, 100.0)
    assert 1.0 == full.wait(100.0)
    go(full, 1, 101.0)
    assert 1.0 == full.wait(101.0)


def test_one_token_of_a_bucket_is_used_whatever_the_share():
    full = bucket(9, share=0.01)
    assert 0.0 == full.wait(0.0)
    go(full, 1)
    assert 50.0 == pytest.approx(full.wait(0.0))


def test_a_bucket_that_is_half_empty_is_used_at_once():
    assert 0.0 == bucket(4, share=1.0).wait(0.0)


def test_nobody_waits_for_less_than_a_millisecond():
    assert 0.001 == bucket(4).wait(0.5 - 1e-7)
    assert 0.0 == bucket(4).wait(0.5 - 1e-10)


def test_a_token_knows_its_number_and_how_many_were_under_way():
    some = bucket(9)
    assert [Token(1, 0), Token(2, 1), Token(3, 2)] == go(some, 3)
    some.under_way -= 2
    assert Token(4, 1) == some.take(0.0)
    assert (4, 2) == (some.sent, some.under_way)


def test_a_token_that_was_given_back_may_be_taken_again():
    scarce = bucket(4)
    scarce.give_back()
    assert [0.0, 1.0] == [scarce.wait(0.0, ahead) for ahead in range(2)]
    saved = bucket(9)
    go(saved, 5)
    go(saved, 1, 3.0)
    saved.give_back()
    assert [0.0, 0.0, 0.0, 1.0] == pytest.approx([saved.wait(3.0, ahead) for ahead in range(4)])


@pytest.mark.parametrize(("remaining", "expected"), [(7, 2.0), (6, 0.0), (0, 0.0)])
def test_a_token_that_was_given_back_is_no_surprise(remaining: int, expected: float):
    some = bucket(4)
    go(some, 3)
    some.give_back()
    assert expected == some.surprise(told(remaining))


@pytest.mark.parametrize(("remaining", "expected"), [(7, 3.0), (5, 0.0), (4, 0.0), (2, 0.0), (1, -2.0), (0, -3.0)])
def test_an_answer_that_counts_other_tokens_is_a_surprise(remaining: int, expected: float):
    """It might be the one of the next request; a tenth of the bucket may be chance."""
    assert expected == bucket(4).surprise(told(remaining))


@pytest.mark.parametrize(("limit", "remaining", "expected"), [(4, 3, 1.0), (4, 2, 0.0), (10, 3, 0.0), (10, 4, 2.0)])
def test_half_a_token_of_a_small_bucket_may_be_chance(limit: int, remaining: int, expected: float):
    assert expected == bucket(2, limit=limit).surprise(told(remaining, limit=limit))


@pytest.mark.parametrize(("remaining", "expected"), [(6, 2.0), (5, 0.0), (4, 0.0), (2, 0.0), (1, -2.0)])
def test_an_answer_to_a_request_that_took_a_token_counts_it(remaining: int, expected: float):
    some = bucket(4)
    (token,) = go(some, 1)
    assert expected == some.surprise(told(remaining), token)


@pytest.mark.parametrize(
    ("number", "remaining", "expected"),
    [(1, 6, 2.0), (1, 5, 0.0), (2, 6, 2.0), (2, 5, 0.0), (3, 6, 2.0), (3, 5, 0.0), (None, 6, 2.0), (None, 5, 0.0)],
)
def test_those_under_way_at_the_same_time_may_have_been_counted_or_not(
    number: int | None, remaining: int, expected: float
):
    some = bucket(4)
    tokens = go(some, 3)
    assert expected == some.surprise(told(remaining), tokens[number - 1] if number else None)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (told(8, 1.0), 2.0),
        (told(7, 1.0), 0.0),
        (told(3, 1.0), -2.0),
        (told(4, 1.0), 0.0),
        (told(1, 1.0, sent=0.0), -2.0),
        (told(2, 1.0, sent=0.0), 0.0),
        (told(6, 4.0), -2.0),
    ],
)
def test_what_flowed_in_meanwhile_is_no_surprise(answer: Told, expected: float):
    """Nor is what flows in while the answer travels; a full bucket overflows."""
    assert expected == bucket(4).surprise(answer)


@pytest.mark.parametrize(("remaining", "expected"), [(0, -2.0), (1, 0.0)])
def test_a_step_of_the_refill_may_come_before_or_after(remaining: int, expected: float):
    assert expected == bucket(5, step=1.0).surprise(told(remaining))


@pytest.mark.parametrize(
    ("number", "remaining", "expected"),
    [(1, 3, 5.0), (2, 3, 5.0), (1, 6, 2.0), (1, 8, 0.0)],
)
def test_an_answer_tells_what_remains_and_those_under_way_take_of_it(number: int, remaining: int, expected: float):
    full = bucket(9)
    tokens = go(full, 3)
    full.observe(tokens[number - 1], told(remaining))
    assert expected == pytest.approx(full.wait(0.0))


def test_an_answer_may_tell_of_more_than_was_thought():
    some = bucket(4)
    some.observe(some.take(0.0), told(8))
    assert [0.0, 1.0] == pytest.approx([some.wait(0.0, ahead) for ahead in (2, 3)])


@pytest.mark.parametrize(("remaining", "expected"), [(9, 0.0), (7, 0.0), (6, 1.0), (3, 4.0)])
def test_an_answer_that_was_overtaken_tells_only_what_is_less(remaining: int, expected: float):
    full = bucket(9)
    first, second = go(full, 2)
    full.observe(second, told(6))
    assert 1.0 == pytest.approx(full.wait(0.0))
    full.observe(first, told(remaining))
    assert expected == pytest.approx(full.wait(0.0))


@pytest.mark.parametrize(
    ("remaining", "expected"),
    [(8, [2.0, 0.0, 0.0, -2.0]), (2, [2.0, 0.0, 0.0, -2.0])],
)
def test_the_account_follows_what_answers_tell(remaining: int, expected: list[float]):
    some = bucket(5)
    some.observe(some.take(0.0), told(remaining))
    account = {8: 8, 2: 3}[remaining]
    assert expected == [some.surprise(told(account + off)) for off in (2, 1, -3, -4)]


@pytest.mark.parametrize(("remaining", "ahead", "expected"), [(9, 3, 0.0), (9, 4, 1.0), (1, 0, 0.5), (1, 4, 4.5)])
def test_the_credit_follows_what_answers_tell(remaining: int, ahead: int, expected: float):
    """An answer counts fewer tokens than was thought: somebody else took them, and the share of these too."""
    full = bucket(9)
    full.observe(full.take(0.0), told(remaining))
    full._level = 10.0
    assert expected == pytest.approx(full.wait(0.0, ahead))


def test_no_more_than_half_a_share_is_owed():
    full = bucket(9)
    tokens = go(full, 9)
    full.under_way = 1
    full.observe(tokens[-1], told(0))
    assert 2.5 == pytest.approx(full.wait(5.0, 4))


@pytest.mark.parametrize(
    ("limit", "remaining", "full"),
    [(10, 9, True), (10, 8, False), (20, 18, True), (20, 17, False), (40, 37, True), (40, 36, False)],
)
def test_the_refill_hears_what_has_come_in_and_whether_the_bucket_is_full(
    monkeypatch: pytest.MonkeyPatch, limit: int, remaining: int, full: bool
):
    heard: list[Any] = []
    some = bucket(limit - 1, limit=limit)
    monkeypatch.setattr(some.refill, "saw", lambda *said, **more: heard.append((*said, more)))
    tokens = go(some, 3)
    some.give_back()
    some.give_back()
    some.observe(tokens[0], told(remaining, 1.0, limit=limit, sent=0.5))
    assert [(Seen(0.5, 1.0, remaining - 1, remaining + 2), {"full": full})] == heard


def test_a_refusal_closes_the_bucket_and_opens_it_with_one_token():
    full = bucket(9, share=1.0)
    go(full, 2)
    full.refuse(5.0, told(0, 2.0, sent=1.0))
    assert [3.0, 1.0] == [full.wait(now) for now in (2.0, 4.0)]
    assert [0.0, 1 / 1.8] == pytest.approx([full.wait(5.0, ahead) for ahead in range(2)])
    full.refuse(4.0, told(0, 2.0, sent=1.0))
    assert 1.0 == full.wait(4.0)


def test_nothing_is_saved_up_when_a_bucket_is_refused():
    full = bucket(9, share=1.0)
    go(full, 1)
    full.refuse(2.0, told(0, 2.0))
    assert 1 / 1.8 == pytest.approx(full.wait(2.0))
    assert [0.0, 2.0] == [full.surprise(told(remaining, 2.0)) for remaining in (1, 2)]


def test_what_is_owed_when_a_bucket_is_refused_stays_owed():
    full = bucket(9, share=1.0)
    go(full, 12)
    full.refuse(0.0, told(0, 0.0))
    assert 3 / 1.8 == pytest.approx(full.wait(0.0))


@pytest.mark.parametrize(("refusals", "lag"), [(1, 0.25), (2, 0.5), (3, 0.75), (4, 1.0), (5, 1.0)])
def test_each_refusal_shows_that_tokens_come_a_quarter_of_a_second_later(refusals: int, lag: float):
    full = bucket(9, share=1.0)
    for number in range(refusals):
        full.refuse(10.0, told(0, number / 10))
    go(full, 1, 10.0)
    rate = full.refill.rate
    assert 1 / rate == pytest.approx(full.wait(10.0 + lag))
    assert 1 / rate - 0.1 == pytest.approx(full.wait(10.0 + lag + 0.1))


@pytest.mark.parametrize(("sent", "times"), [(1.5, 1), (2.0, 2), (2.5, 2)])
def test_the_refill_hears_of_a_refusal_but_for_those_under_way_at_the_first_one(
    monkeypatch: pytest.MonkeyPatch, sent: float, times: int
):
    heard: list[Seen] = []
    some = bucket(9)
    monkeypatch.setattr(some.refill, "refused", heard.append)
    go(some, 5)
    some.give_back()
    some.refuse(3.0, told(0, 2.0, sent=1.0))
    some.refuse(4.0, told(0, 3.0, sent=sent))
    assert [Seen(1.0, 2.0, -2, 4), Seen(sent, 3.0, -3, 3)][:times] == heard
    assert 1.0 == some.wait(3.0)


def test_an_answer_to_one_that_was_under_way_at_a_refusal_tells_only_what_is_less():
    full = bucket(9, share=1.0)
    _, second = go(full, 2)
    full.refuse(5.0, told(0, 1.0))
    full.observe(second, told(9, 5.0, sent=1.0))
    assert [0.0, 0.0, 1 / full.refill.rate] == pytest.approx([full.wait(5.0, ahead) for ahead in range(3)])


def saved(some: Bucket, now: float) -> bool:
    """Whether a full bucket is left alone until a burst has been saved up."""
    limit = some.limit
    some.observe(some.take(now), told(limit - 1, now, limit=limit))
    some.under_way -= 1
    return some.wait(now) > 0


@pytest.mark.parametrize(
    ("limit", "rate", "now", "expected"),
    [
        (10, 2.0, 60.5, True),
        (10, 2.0, 60.0, False),
        (8, 2.0, 60.5, True),
        (7, 2.0, 60.5, False),
        (10, 1.0, 60.5, True),
        (10, 0.99, 60.5, False),
    ],
)
def test_a_full_bucket_saves_up_for_a_burst_after_a_minute(limit: int, rate: float, now: float, expected: bool):
    """Where that takes ten seconds at most, and would show."""
    some = bucket(limit - 1, limit=limit, rate=rate)
    assert expected == saved(some, now)
    assert (now if now > 60 else 0.0) == some.refill.known_at
    assert some.refill.is_known
    go(some, 1, now)
    assert 0.0 == some.wait(now)


@pytest.mark.parametrize(
    ("limit", "now", "expected"), [(10, 15.0, (False, True)), (10, 15.5, (True, True)), (7, 15.5, (False, False))]
)
def test_what_is_not_as_published_is_looked_at_again_after_a_quarter_of_a_minute(
    limit: int, now: float, expected: tuple[bool, bool]
):
    some = bucket(limit - 1, limit=limit)
    some.refill.rate = 2.5
    assert expected == (saved(some, now), some.refill.is_known)


@pytest.mark.parametrize(("now", "expected"), [(15.0, 1.0), (15.5, 10 / 6)])
def test_an_unknown_refill_of_a_full_bucket_is_guessed_anew(
    monkeypatch: pytest.MonkeyPatch, now: float, expected: float
):
    some = Bucket(told(9), 0.5)
    some.refill.rate = 1.0
    monkeypatch.setattr(some.refill, "saw", lambda *_, **__: None)
    assert not saved(some, now)
    assert expected == pytest.approx(some.refill.rate)


def test_a_ceiling_lets_one_go_after_the_other():
    ceiling = Ceiling(4)
    assert [0.0, 0.5] == [ceiling.wait(0.0), ceiling.wait(0.0, 2)]
    assert Token(0) == ceiling.take(0.0)
    ceiling.take(0.0)
    assert [0.25, 0.75, 0.0] == [ceiling.wait(0.0), ceiling.wait(0.0, 2), ceiling.wait(0.3)]
    ceiling.take(10.0)
    ceiling.take(10.0)
    assert 0.25 == ceiling.wait(10.0)
