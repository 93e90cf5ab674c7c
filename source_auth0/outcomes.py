"""What became of a stream: its outcome as its components know it, and the lines about it at its end."""

import json
from dataclasses import dataclass, field

from airbyte_cdk.utils.traced_exception import AirbyteTracedException


@dataclass(frozen=True)
class StreamOutcome:
    """What only the components of a stream know at its end.

    requests: attempts sent in its name. skipped: parents (users, organizations …) that Auth0 refused among others.
    not_verified: the checks of completeness that could not be made. error: why it fails after all.
    """

    requests: int = 0
    skipped: int = 0
    not_verified: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    error: AirbyteTracedException | None = None


@dataclass
class StreamErrors:
    """The errors of one stream: the first is what people read, the others are counted."""

    sentence: str
    number: int = 1


@dataclass(frozen=True)
class StreamEnd:
    """The end of a stream, as a line for people and one for machines."""

    stream: str
    rows: int
    seconds: float
    outcome: StreamOutcome = field(default_factory=StreamOutcome)
    errors: StreamErrors | None = None

    @property
    def sentence(self) -> str:
        """For people: what came of it in figures, and the first error if it failed."""
        outcome, reasons = self.outcome, "; ".join(self.outcome.not_verified)
        not_verified = f"{len(outcome.not_verified)} not verified" + (f" ({reasons})" if reasons else "")
        figures = (
            f"{self.rows:,} rows, {outcome.requests:,} requests, {outcome.skipped:,} skipped, {not_verified}, "
            f"{self.seconds:,.1f} seconds"
        )
        if self.errors is None:
            return f"`{self.stream}` is complete: {figures}."
        more = f" {self.errors.number - 1:,} more errors like it followed." if self.errors.number > 1 else ""
        return f"`{self.stream}` failed after {figures}. {self.errors.sentence}{more}"

    @property
    def json(self) -> str:
        """For machines: one JSON object."""
        return json.dumps(
            {
                "stream": self.stream,
                "outcome": "complete" if self.errors is None else "incomplete",
                "rows": self.rows,
                "requests": self.outcome.requests,
                "skipped": self.outcome.skipped,
                "not_verified": len(self.outcome.not_verified),
                "seconds": round(self.seconds, 3),
                "errors": self.errors.number if self.errors else 0,
            }
        )
