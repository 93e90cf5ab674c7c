"""What is expected to differ: the deviations from the OpenAPI document, and the paths that the tenant does not have."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from tools.strangers.openapi import Disagreements

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Deviation:
    """One entry of deviations.yaml."""

    why: str
    paths: str
    what: str
    reason: str

    def covers(self, template: str, what: str) -> bool:
        """Whether it explains a disagreement, `what` being "place | problem"."""
        return bool(re.search(self.paths, template) and re.search(self.what, what))


def deviations() -> list[Deviation]:
    """Those that are known."""
    return [Deviation(**entry) for entry in yaml.safe_load((HERE / "deviations.yaml").read_text(encoding="utf-8"))]


def left_out() -> dict[str, str]:
    """The readable paths that the tenant does not have, each with the reason."""
    listed: dict[str, str] = yaml.safe_load((HERE / "left_out.yaml").read_text(encoding="utf-8"))
    return listed


def sort_out(found: Disagreements, known: Iterable[Deviation]) -> tuple[Counter[str], list[str], list[Deviation]]:
    """The explained disagreements by why, those without explanation in words, and the entries that explain none."""
    explained: Counter[str] = Counter()
    unexplained, unused = [], list(known)
    entries = tuple(unused)
    for (template, where, problem), times in sorted(found.items()):
        what = f"{where} | {problem}"
        entry = next((entry for entry in entries if entry.covers(template, what)), None)
        if entry is None:
            unexplained.append(f"{template}: {what} ({times} times)")
        else:
            explained[entry.why] += 1
            unused = [other for other in unused if other is not entry]
    return explained, unexplained, unused
