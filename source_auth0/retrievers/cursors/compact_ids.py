"""Millions of ids in a third of a list's memory: in the order in which they came, or sorted."""

import heapq
import zlib
from abc import abstractmethod
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from typing import overload

#: Ids that are sorted at a time, and ids of one compressed block.
RUN_IDS, BLOCK_IDS = 65_536, 1_024
#: Between the ids of a block; JSON's text has no such character but as an escape, and no id of Auth0's has it.
SEPARATOR = "\0"


class IdSequence(Sequence[str]):
    """Ids by index, negative ones and slices included; a subclass has the length, and `_at` an index within it."""

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        """The id at an index, or a list of those at a slice; raises IndexError."""
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        return self._at(index % len(self))

    @abstractmethod
    def _at(self, index: int) -> str:
        """The id at an index from 0 on."""


class CompactIds(IdSequence):
    """Ids in ascending order, each once: a sequence that is read from front to back, or looked up in.

    Two million strings and a set of them take 300 MB, and their compressed blocks a few tens. An index costs a block's
    decompression unless its block was the last one used; one thread reads at a time.
    """

    def __init__(self, ids: Iterable[str] = ()) -> None:
        """Sort ids that come in any order and any number of times; they are taken one by one."""
        remaining, runs = iter(ids), list[list[bytes]]()
        while run := sorted(set(islice(remaining, RUN_IDS))):
            runs.append(list(_blocks(iter(run))))
        merged = (each for each, _ in groupby(heapq.merge(*map(_ids_in, runs))))
        self._blocks = runs[0] if len(runs) == 1 else list(_blocks(merged))
        self._first_ids = [next(_ids_in([block])) for block in self._blocks]
        self._length = max(len(self._blocks) - 1, 0) * BLOCK_IDS + sum(1 for _ in _ids_in(self._blocks[-1:]))
        self._used: tuple[int, list[str]] = (-1, [])

    def __len__(self) -> int:
        return self._length

    def _at(self, index: int) -> str:
        block, place = divmod(index, BLOCK_IDS)
        return self._block(block)[place]

    def __iter__(self) -> Iterator[str]:
        return _ids_in(self._blocks)

    def __contains__(self, value: object) -> bool:
        return isinstance(value, str) and self[(at := self.position(value)) : at + 1] == [value]

    def position(self, value: str) -> int:
        """The index of the first id that is not less than `value`; the length where all are less."""
        block = max(bisect_left(self._first_ids, value) - 1, 0)
        return block * BLOCK_IDS + bisect_left(self._block(block), value) if self._blocks else 0

    def _block(self, number: int) -> list[str]:
        used, ids = self._used
        if used != number:
            ids = list(_ids_in([self._blocks[number]]))
            self._used = number, ids
        return ids


class PackedIds:
    """Ids in the order in which they came, repeats included; one thread adds, and they are read from front to back."""

    def __init__(self, ids: Iterable[str] = ()) -> None:
        """Take ids one by one."""
        self._blocks, self._last = list[bytes](), list[str]()
        self._length = 0
        for each in ids:
            self.append(each)

    def append(self, user_id: str) -> None:
        """Add one at the end."""
        self._last.append(user_id)
        self._length += 1
        if len(self._last) == BLOCK_IDS:
            self._pack()

    def take(self, other: "PackedIds") -> None:
        """Move those of another one to the end, which is left without any."""
        self._pack()
        self._length += len(other)
        self._blocks += other.emptied()

    def emptied(self) -> list[bytes]:
        """Its compressed blocks, of which it keeps none."""
        self._pack()
        blocks, self._blocks, self._length = self._blocks, [], 0
        return blocks

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[str]:
        yield from _ids_in(self._blocks)
        yield from self._last

    def _pack(self) -> None:
        self._blocks += _blocks(iter(self._last))
        self._last = []


class ChainedIds(IdSequence):
    """Some ids, and behind them those of another sequence."""

    def __init__(self, first: Sequence[str], rest: Sequence[str]) -> None:
        self._first, self._rest = first, rest

    def __len__(self) -> int:
        return len(self._first) + len(self._rest)

    def _at(self, index: int) -> str:
        return self._first[index] if index < len(self._first) else self._rest[index - len(self._first)]

    def __iter__(self) -> Iterator[str]:
        yield from self._first
        yield from self._rest


def _blocks(ids: Iterator[str]) -> Iterator[bytes]:
    """Blocks of ascending ids; `surrogatepass`: Auth0's ids are whatever a connection says."""
    while block := list(islice(ids, BLOCK_IDS)):
        yield zlib.compress(SEPARATOR.join(block).encode("utf-8", "surrogatepass"), 1)


def _ids_in(blocks: Iterable[bytes]) -> Iterator[str]:
    for block in blocks:
        yield from zlib.decompress(block).decode("utf-8", "surrogatepass").split(SEPARATOR)
