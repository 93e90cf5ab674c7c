"""How many rows many lists have together, when a few of them were asked."""

import math
import random
from collections.abc import Callable, Sequence

from source_auth0.costs.spans import Span, exactly
from source_auth0.records import PAGE_SIZE

#: Draws of what the lists that were not asked may hold, and how many lists are drawn for each at most.
DRAWS, LISTS_DRAWN = 200, 150
#: The part of the draws that lies below, and above, what is said: one estimate in forty is off to either side.
TAIL = 0.025
#: Rows that one of the other lists may have, which none of those that were asked suggests: a page and more.
UNSEEN_ROWS = 1.25 * PAGE_SIZE
#: The least spread of the logarithms of sizes that is believed, and the most: `exp(2.5)` is twelve times the median.
MIN_SPREAD, MAX_SPREAD = 0.25, 2.5
#: How far apart sizes are taken to be before any is known, in logarithms, and how many lists that counts for.
PRIOR_SPREAD, PRIOR_LISTS = 0.8, 4
#: Rows of lists that there may be, of which none was found.
USUAL_ROWS = 5
#: Neighbours that tell as much as one row that was chosen by itself.
ALIKE = 4
#: From how many sizes on there may be a heavier tail, and how far beyond the largest size that was seen it may go, as a
#: logarithm: a hundred times.
MIN_TAIL_SIZES, MAX_BEYOND = 4, 4.6


def sum_of_lists(sizes: Sequence[float], lists: Span, special: int = 0) -> Span:
    """The rows of so many lists, of which some were asked: `sizes` has the rows of each of these.

    The others hold nothing as often as those that were asked, or as many rows as a log-normal or a Pareto distribution
    has that could have given these sizes: each draw takes another, so that few sizes, or sizes far apart, give a wide
    span. Sizes of such lists have a heavy tail, which a mean and its error do not show. `special`: how many of the
    first sizes say nothing of other lists, such as that of the oldest parent.
    """
    asked, known, usual = len(sizes), sum(sizes), sizes[special:] or sizes
    if not asked:
        return Span(0, USUAL_ROWS * lists.high, at_least=lists.low > 0 or lists.at_least)
    if asked >= lists.high and not lists.at_least:
        return exactly(known)
    rng = random.Random(f"{asked} {known}")  # noqa: S311 - a simulation; the same answers give the same estimate
    others = Span(max(lists.low - asked, 0), max(lists.high - asked, 0))
    # The mean of few lists varies more than that of many.
    count = min(max(math.ceil(others.low), 1), LISTS_DRAWN)
    drawn = sorted(_draw(usual, count, rng) for _ in range(DRAWS))
    low, high = (drawn[int(DRAWS * part)] for part in (TAIL, 1 - TAIL))
    return Span(
        known + others.low * low,
        known + others.high * high + min(UNSEEN_ROWS, others.high * UNSEEN_ROWS),
        lists.at_least,
    )


def share_of(counted: float, asked: float) -> Span:
    """The share of a whole that `counted` of the `asked` have, as a 90 % interval (Wilson's)."""
    if not asked:
        return Span(0, 1)
    z, part = 1.64, counted / asked
    middle, scale = part + z * z / (2 * asked), 1 + z * z / asked
    spread = z * math.sqrt(part * (1 - part) / asked + z * z / (4 * asked * asked))
    return Span(max((middle - spread) / scale, 0.0), min((middle + spread) / scale, 1.0))


def share_in_pages(counted: Sequence[int], asked: Sequence[int]) -> Span:
    """The same of pages of neighbours, which are more alike than rows that were chosen one by one.

    counted, asked: of each page how many of its rows count, and how many it has.
    """
    whole, pages = share_of(sum(counted) / ALIKE, sum(asked) / ALIKE), len(asked)
    if pages < MIN_TAIL_SIZES or not sum(asked):
        return whole
    part, rows = sum(counted) / sum(asked), sum(asked) / pages
    squares = sum((c - part * n) ** 2 for c, n in zip(counted, asked, strict=True))
    error = 2 * math.sqrt(squares / (pages - 1) / pages) / rows
    return Span(max(min(whole.low, part - error), 0.0), min(max(whole.high, part + error), 1.0))


def _draw(sizes: Sequence[float], count: int, rng: random.Random) -> float:
    """The mean size of `count` other lists, in one of the worlds that could have shown these sizes."""
    logs = [math.log(size) for size in sizes if size > 0]
    filled = rng.betavariate(len(logs) + 0.5, len(sizes) - len(logs) + 0.5)
    draw = _pareto(logs, rng) if _is_pareto(logs) else _log_normal(logs, rng)
    return sum(draw() for _ in range(count) if rng.random() < filled) / count


def _is_pareto(logs: Sequence[float]) -> bool:
    """Whether a Pareto distribution explains these logarithms better than a normal one."""
    if (count := len(logs)) < MIN_TAIL_SIZES:
        return False
    mean, least = sum(logs) / count, min(logs)
    variance = sum((log - mean) ** 2 for log in logs) / count + MIN_SPREAD**2 / count
    normal = -count / 2 * (math.log(2 * math.pi * variance) + 1)
    pareto = count * (math.log(count / (sum(log - least for log in logs) + MIN_SPREAD)) - 1)
    return pareto > normal


def _log_normal(logs: Sequence[float], rng: random.Random) -> Callable[[], float]:
    """Sizes of a log-normal distribution from the posterior of these logarithms: first its variance, then its mean."""
    count, mean = len(logs), sum(logs) / len(logs) if logs else 0.0
    squares = sum((log - mean) ** 2 for log in logs) + PRIOR_LISTS * PRIOR_SPREAD**2
    variance = squares / (2 * rng.gammavariate((max(count - 1, 0) + PRIOR_LISTS) / 2, 1.0))
    spread = min(math.sqrt(variance), MAX_SPREAD)
    middle = rng.gauss(mean, spread / math.sqrt(max(count, 1)))
    return lambda: rng.lognormvariate(middle, spread)


def _pareto(logs: Sequence[float], rng: random.Random) -> Callable[[], float]:
    """Sizes of a Pareto distribution: the logarithms above the least of them are exponential."""
    least = min(logs)
    excess = sum(log - least for log in logs) + MIN_SPREAD
    steepness = max(rng.gammavariate(len(logs), 1.0) / excess, 1 / MAX_SPREAD)
    return lambda: math.exp(min(least + rng.expovariate(steepness), max(logs) + MAX_BEYOND))
