"""Builds the sdist and the wheel, reproducibly: every build of a commit gives the same bytes."""

import gzip
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]


def build(work: Path) -> Path | None:
    """The path of the wheel, with the sdist beside it; None if a second build, or one from the sdist, differs."""
    first, second, third = (work / name for name in ("first", "second", "third"))
    for target in (first, second):
        copy = _copy_sources(work / f"{target.name}-source")
        _normalize(_build("sdist", copy, target))
        _build("wheel", copy, target)
    (sdist,), (wheel,) = first.glob("*.tar.gz"), first.glob("*.whl")
    with tarfile.open(sdist) as archive:
        archive.extractall(work / "unpacked", filter="data")
    (unpacked,) = (work / "unpacked").iterdir()
    _build("wheel", unpacked, third)
    for kind, name in (("*/*.tar.gz", sdist.name), ("*/*.whl", wheel.name)):
        if len({hashlib.sha256(path.read_bytes()).hexdigest() for path in work.glob(kind)}) > 1:
            print(f"{name}: two builds of it differ")
            return None
    print(f"{sdist.name}, {wheel.name}: every build gives the same bytes")
    return wheel


def _copy_sources(target: Path) -> Path:
    """Copy the files that git tracks or would add, all with one date; nothing else belongs to a release."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],  # noqa: S607 - the developer's git
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)
            os.utime(target / name, (_epoch(), _epoch()))
    return target


@cache
def _epoch() -> int:
    """The time of the last commit, which is the date of every file."""
    command = ["git", "log", "-1", "--format=%ct"]
    return int(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)


def _build(kind: str, source: Path, target: Path) -> Path:
    """A new sdist or wheel, built by the backend directly, so that nothing is downloaded."""
    target.mkdir(exist_ok=True)
    code = f"from setuptools import build_meta; print(build_meta.build_{kind}({str(target)!r}))"
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(_epoch())}
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"The {kind} could not be built:\n{done.stderr[-2000:]}")
    return target / done.stdout.splitlines()[-1]


def _normalize(sdist: Path) -> None:
    """Normalize an sdist's times, owners and modes, since setuptools honours SOURCE_DATE_EPOCH in wheels only."""

    def normalized(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.mtime, member.uid, member.gid, member.uname, member.gname = _epoch(), 0, 0, "", ""
        member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
        member.pax_headers = {}
        return member

    content = io.BytesIO()
    with tarfile.open(sdist) as old, tarfile.open(fileobj=content, mode="w") as new:
        for member in sorted(old.getmembers(), key=lambda member: member.name):
            new.addfile(normalized(member), old.extractfile(member) if member.isfile() else None)
    sdist.write_bytes(gzip.compress(content.getvalue(), mtime=_epoch()))
