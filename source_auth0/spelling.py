"""Typing errors: how far two names are apart, and which known name was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches

#: Similarity from which on a known name is suggested; 1 is equality.
MIN_SIMILARITY = 0.6


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The question whether a known name was meant, to be put behind a sentence; empty where none is similar."""
    match = closest(name, known)
    return f" Did you mean `{match}`?" if match else ""


def closest(name: str, known: Iterable[str]) -> str | None:
    """The most similar known name, whatever its case and its separators; None where none is similar."""
    by_form = {_form(each): each for each in known}
    matches = get_close_matches(_form(name), by_form, n=1, cutoff=MIN_SIMILARITY)
    return by_form[matches[0]] if matches else None


def edit_distance(one: str, other: str) -> int:
    """How many letters have to be added, removed, replaced or swapped with their neighbour."""
    before_last: list[int] = []
    last = list(range(len(other) + 1))
    for i, letter in enumerate(one):
        current = [i + 1]
        for j, wanted in enumerate(other):
            cost = min(last[j + 1] + 1, current[j] + 1, last[j] + (letter != wanted))
            if i and j and letter == other[j - 1] and one[i - 1] == wanted:
                cost = min(cost, before_last[j - 1] + 1)
            current.append(cost)
        before_last, last = last, current
    return last[-1]


def _form(name: str) -> str:
    return name.strip().lower().replace("-", "_").replace(" ", "_")
