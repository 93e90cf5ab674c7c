"""A number that is known within bounds."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """From `low` to `high`; with `at_least` there may be any number more, and `high` is no bound."""

    low: float
    high: float
    at_least: bool = False

    def __add__(self, other: "Span") -> "Span":
        """The sum of two independent numbers, each at its worst."""
        return Span(self.low + other.low, self.high + other.high, self.at_least or other.at_least)

    def __mul__(self, other: "Span") -> "Span":
        """The product of two numbers that are not negative."""
        return Span(self.low * other.low, self.high * other.high, self.at_least or other.at_least)

    def __contains__(self, number: float) -> bool:
        """Whether a number is within the bounds."""
        return self.low <= number and (self.at_least or number <= self.high)

    def times(self, low: float, high: float | None = None) -> "Span":
        """Multiplied by a number, or by one between two."""
        return self * Span(low, low if high is None else high)

    @property
    def middle(self) -> float:
        """A guess at the number."""
        return (self.low + self.high) / 2


def exactly(number: float, *, at_least: bool = False) -> Span:
    """A number that is known."""
    return Span(number, number, at_least)


#: None of it.
NOTHING = exactly(0)


def total(spans: Iterable[Span]) -> Span:
    """The sum of several numbers."""
    return sum(spans, NOTHING)
