"""Secrets and access: whether anything secret comes out, whatever goes wrong, and where tokens go."""

import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from random import Random

from auth0_simulator import Simulator
from integration_tests.in_process import catalog_of
from soak.secrecy.configs import misplaced, refused
from soak.secrecy.hosts import Surroundings, surroundings
from soak.secrecy.machines import accidents, faults, machines, signals
from soak.secrecy.planting import PLANTED, Planting
from soak.secrecy.roads import distrusted, led_astray, redirected
from soak.secrecy.runs import Runs, runs
from soak.secrecy.scene import SIGN_INS, Order, Scene, Trial, Verdict, verdict
from soak.tally import Tally
from source_auth0.manifest.files import stream_files

#: Trials of each kind in one run of the suite, of more than 1,300 that there are.
A_KIND = 20
#: One in so many runs is made by the real command, and not by a fork.
REAL = 8


def trials() -> Iterator[Trial]:
    """Everything there is to try, in the order of the table."""
    return chain(
        misplaced(), refused(), redirected(), led_astray(), distrusted(), machines(), accidents(), signals(), faults()
    )


def whole() -> Iterator[Trial]:
    """Syncs of every stream in which nothing goes wrong, with a secret in each place that may have one."""
    for secrets, sign_in in ((secrets, sign_in) for secrets in ("withhold", "hash") for sign_in in SIGN_INS):

        def prepare(scene: Scene, secrets: str = secrets, sign_in: str = sign_in) -> Order:
            Planting(scene.sim)
            scene.canaries.plant("a planted secret", PLANTED)
            return Order("read", scene.config(sign_in, secrets=secrets), catalog_of(*stream_files()))

        yield Trial("nothing: every stream", f"{secrets}, by {sign_in}", prepare, ends="well")


def suite(seed: int) -> Iterator[Tally]:
    """Try much of everything, with secrets planted everywhere, and tell what came out."""
    with tempfile.TemporaryDirectory() as folder:
        yield from tallies(drawn(seed, A_KIND), seed, Path(folder))


def drawn(seed: int, most: int) -> list[Trial]:
    """So many trials of each kind, at random."""
    kinds = defaultdict[str, list[Trial]](list)
    for trial in chain(trials(), whole()):
        kinds[trial.kind].append(trial)
    chance = Random(seed)
    return [trial for known in kinds.values() for trial in chance.sample(known, min(most, len(known)))]


def tallies(tried: Iterable[Trial], seed: int, folder: Path, *, real: int = REAL) -> list[Tally]:
    """A tally for each kind of trial; one run in `real` is made by the command itself, 0 for none but the slow ones."""
    chance, found = Random(seed), dict[str, Tally]()
    (folder / "hosts").mkdir()
    with surroundings(folder / "hosts") as around, runs(folder) as running:
        for number, trial in enumerate(tried):
            tally = found.setdefault(trial.kind, Tally(trial.kind))
            quick = not real or (number + chance.randrange(real)) % real > 0
            _count(tally, trial, tried_once(trial, around, running, folder, quick=quick))
    return list(found.values())


def tried_once(trial: Trial, around: Surroundings, running: Runs, folder: Path, *, quick: bool = True) -> Verdict:
    """One trial, with a tenant of its own."""
    around.forget()
    with ExitStack() as stack:
        sim = stack.enter_context(Simulator(users=4, organizations=2, log_events=30))
        scene = Scene(sim, around, folder, stack)
        order = trial.prepare(scene)
        # Only a fork can be sabotaged, or hurried where attempts in vain take minutes.
        hurried = bool(order.sabotage) or (order.command == "read" and trial.ends != "well")
        order.is_quick = order.is_quick and (quick or hurried)
        return verdict(trial, scene, order, running.run(order))


def _count(tally: Tally, trial: Trial, found: Verdict) -> None:
    tally.runs += 1
    tally.records += found.rows
    tally.hangs += found.is_hung
    tally.leaks += len(found.leaks)
    told = [*found.leaks, *(["it hung"] if found.is_hung else []), *found.complaints]
    tally.complaints += [f"{trial.name}: {what}" for what in told]
