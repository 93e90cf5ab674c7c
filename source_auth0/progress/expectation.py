"""What a stream knows of how much there is to read."""

from dataclasses import dataclass

#: Words before a number: it was counted, there may be more, or it is worked out from what was read so far.
COUNTED, AT_LEAST, ABOUT = "", "at least ", "about "
#: The unit of streams whose rows are what is counted.
ROWS = "rows"


@dataclass(frozen=True)
class Expectation:
    """How much a stream has to read, in rows or in parents.

    total: all of it in this sync; left: what is still to come, for one who knows that alone; neither if nobody knows.
    done: what is read; None for the rows that were emitted or, where the unit is another, the slices that were read.
    certainty: how sure the number is. per_request: how many of the unit a request brings at most; 0 if that is unknown.
    advice: what shortens it, as sentences.
    """

    total: int | None = None
    left: int | None = None
    done: int | None = None
    unit: str = ROWS
    certainty: str = COUNTED
    per_request: int = 100
    advice: str = ""


@dataclass(frozen=True)
class Figures:
    """How far a stream is: what is done, and of how many; the total is None if nobody knows it."""

    done: int
    total: int | None
    unit: str
    certainty: str

    @classmethod
    def of(cls, expected: Expectation, rows: int, slices: int) -> "Figures":
        """The figures of a stream that has emitted so many rows and read so many slices.

        More was done than was counted at the beginning where something is added meanwhile.
        """
        done = expected.done if expected.done is not None else rows if expected.unit == ROWS else slices
        total = expected.total if expected.left is None else done + expected.left
        is_exceeded = total is not None and total < done
        return cls(done, done if is_exceeded else total, expected.unit, AT_LEAST if is_exceeded else expected.certainty)

    @property
    def left(self) -> int | None:
        """What is still to come; None if nobody knows."""
        return None if self.total is None else self.total - self.done

    def __str__(self) -> str:
        """Such as `340 of at least 1,000 rows`."""
        if self.total is None or (self.certainty == AT_LEAST and self.unit == ROWS and not self.left):
            return f"{self.done:,} {self.unit} so far"
        return f"{self.done:,} of {self.certainty}{self.total:,} {self.unit}"
