"""Secrets and access: whether anything secret comes out, whatever goes wrong, and where tokens go."""

import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from random import Random

from auth0_simulator import Simulator
from soak.secret_leaks.configs import misplaced_secrets, refused_sign_ins
from soak.secret_leaks.hosts import TrialNetwork, trial_network
from soak.secret_leaks.machines import accidents, faults, machines, signals
from soak.secret_leaks.planted_secrets import PLANTED_SECRET, SecretPlanter
from soak.secret_leaks.processes.command_runs import CommandRunner, ConnectorCommand, command_runner
from soak.secret_leaks.redirects import bad_certificates, foreign_links, redirects
from soak.secret_leaks.trial import SIGN_INS, Trial, TrialEnvironment, Verdict, verdict
from soak.tally import Tally
from source_auth0.manifest.files import stream_files
from testing.in_process import catalog_of

#: Trials of each kind in one run of the suite, of more than 1,300 that there are.
TRIALS_PER_KIND = 20
#: One in so many runs is made by the real command, and not by a fork.
REAL_COMMAND_EVERY = 8


def trials() -> Iterator[Trial]:
    """Everything there is to try, in the order of the table."""
    return chain(
        misplaced_secrets(),
        refused_sign_ins(),
        redirects(),
        foreign_links(),
        bad_certificates(),
        machines(),
        accidents(),
        signals(),
        faults(),
    )


def full_syncs() -> Iterator[Trial]:
    """Syncs of every stream in which nothing goes wrong, with a secret in each place that may have one."""
    for secrets, sign_in in ((secrets, sign_in) for secrets in ("withhold", "hash") for sign_in in SIGN_INS):

        def prepare(scene: TrialEnvironment, secrets: str = secrets, sign_in: str = sign_in) -> ConnectorCommand:
            SecretPlanter(scene.sim)
            scene.canaries.plant("a planted secret", PLANTED_SECRET)
            return ConnectorCommand("read", scene.config(sign_in, secrets=secrets), catalog_of(*stream_files()))

        yield Trial("nothing: every stream", f"{secrets}, by {sign_in}", prepare, ends="well")


def suite(seed: int) -> Iterator[Tally]:
    """Try much of everything, with secrets planted everywhere, and tell what came out."""
    with tempfile.TemporaryDirectory() as folder:
        yield from tallies(sampled_trials(seed, TRIALS_PER_KIND), seed, Path(folder))


def sampled_trials(seed: int, most: int) -> list[Trial]:
    """So many trials of each kind, at random."""
    kinds = defaultdict[str, list[Trial]](list)
    for trial in chain(trials(), full_syncs()):
        kinds[trial.kind].append(trial)
    chance = Random(seed)
    return [trial for known in kinds.values() for trial in chance.sample(known, min(most, len(known)))]


def tallies(tried: Iterable[Trial], seed: int, folder: Path, *, real: int = REAL_COMMAND_EVERY) -> list[Tally]:
    """A tally for each kind of trial; one run in `real` is made by the command itself, 0 for none but the slow ones."""
    chance, found = Random(seed), dict[str, Tally]()
    (folder / "hosts").mkdir()
    with trial_network(folder / "hosts") as around, command_runner(folder) as running:
        for number, trial in enumerate(tried):
            tally = found.setdefault(trial.kind, Tally(trial.kind))
            quick = not real or (number + chance.randrange(real)) % real > 0
            _count(tally, trial, run_trial(trial, around, running, folder, quick=quick))
    return list(found.values())


def run_trial(
    trial: Trial, around: TrialNetwork, running: CommandRunner, folder: Path, *, quick: bool = True
) -> Verdict:
    """One trial, with a tenant of its own."""
    around.forget()
    with ExitStack() as stack:
        sim = stack.enter_context(Simulator(users=4, organizations=2, log_events=30))
        scene = TrialEnvironment(sim, around, folder, stack)
        order = trial.prepare(scene)
        # Only a fork takes an injected failure, or a fast clock where attempts in vain take minutes.
        has_to_be_forked = bool(order.failure) or (order.command == "read" and trial.ends != "well")
        order.is_quick = order.is_quick and (quick or has_to_be_forked)
        return verdict(trial, scene, order, running.run(order))


def _count(tally: Tally, trial: Trial, found: Verdict) -> None:
    tally.runs += 1
    tally.records += found.rows
    tally.hangs += found.is_hung
    tally.leaks += len(found.leaks)
    told = [*found.leaks, *(["it hung"] if found.is_hung else []), *found.complaints]
    tally.complaints += [f"{trial.name}: {what}" for what in told]
