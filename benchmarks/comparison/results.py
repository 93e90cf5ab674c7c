"""A benchmark case, and the medians of one implementation in it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """A tenant's size, latency and rate limit plan, and the implementations that read it."""

    name: str
    users: int
    who: tuple[str, ...]
    plan: str = "unlimited"
    latency: float = 0.0


@dataclass(frozen=True)
class Result:
    """Medians of one implementation's runs."""

    who: str
    per_second: float
    cpu: float
    seconds: float
    peak: float
    rows: int
    distinct: int
    requests: int
    refused: int
    complete: bool
