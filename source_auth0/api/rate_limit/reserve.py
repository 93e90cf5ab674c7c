"""What a sync leaves alone of each bucket, for the tenant's own calls."""

import math

#: The part of a bucket's size that is left alone, and the size below which that is rounded down to whole tokens.
RESERVED_PART, MIN_EXACT_SIZE = 0.5, 10


def usable_at_once(size: int, share: float, reserved_part: float = RESERVED_PART) -> float:
    """The tokens of a full bucket of this size that a sync may take at once: at least one.

    The rest is left alone: the reserved part, or what is not of the share where that is more.
    """
    reserve = size * reserved_part
    return max(1.0, min(share * size, size - (math.floor(reserve) if size < MIN_EXACT_SIZE else reserve)))
