"""`python -m soak.mutation.mutmut_runner [--again] MODULE …`: mutmut on some components, with the unit tests of these.

mutmut is used as a library, because its command has no option for two rules: which strings are worth mutating, and that
a module's own tests run, within a second or two, before those of other modules.
"""

import json
import shutil
import sys
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import libcst
from mutmut import __main__ as mutmut
from mutmut.configuration import config
from mutmut.mutation import mutators
from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.state import state
from mutmut.stats import status_by_exit_code
from mutmut.utils.file_utils import walk_mutatable_files
from mutmut.utils.format_utils import orig_function_and_class_names_from_key
from mutmut.workers.isolation import MutantRunner, get_mutant_runner

from soak.mutation.mutants import WORK_FOLDER, Mutant, files_of, is_alive, results_file

#: A string of at least this many words, or of several that end with a full stop, is prose for users, which is not
#: mutated.
PROSE_WORDS = 4


def run(modules: Collection[str], *, again: bool = False) -> None:
    """Make and test the mutants of these modules; `again`: only those that survived the last run."""
    config().only_mutate = [f"source_auth0/{module.replace('.', '/')}.py" for module in modules]
    config().pytest_add_cli_args_test_selection = sorted({path for module in modules for path in files_of(module)})
    operators: Any = mutators.mutation_operators  # a list, which mutmut has typed as a sequence
    operators[:] = [(kind, _string if made is mutators.operator_string else made) for kind, made in operators]
    if not again:
        # mutmut takes an unmutated copy of a file from an earlier run for one whose mutants exist already.
        shutil.rmtree(WORK_FOLDER / "source_auth0", ignore_errors=True)
        (WORK_FOLDER / "mutmut-stats.json").unlink(missing_ok=True)
        _test([], _with_own_tests)
    if alive := [name for name, _, fate in _results() if is_alive(fate)]:
        _test(alive, _with_all_tests)
    for module in modules:
        found = [asdict(mutant) for mutant in mutants() if mutant.module == module]
        results_file(module).write_text(json.dumps(found, indent=1))


def mutants() -> Iterator[Mutant]:
    """Every mutant with its result."""
    for name, path, fate in _results():
        function, class_name = orig_function_and_class_names_from_key(name)
        was, now = _changed_lines(name, path) if is_alive(fate) else ("", "")
        yield Mutant(_module(path), f"{class_name}.{function}" if class_name else function, was, now, fate)


def _module(path: Path) -> str:
    """A file's path below source_auth0, with dots."""
    parts = path.with_suffix("").parts
    return ".".join(parts[parts.index("source_auth0") + 1 :])


def _results() -> Iterator[tuple[str, Path, str]]:
    """The name, file and fate of each mutant."""
    for path in walk_mutatable_files():
        data = SourceFileMutationData(path=path)
        data.load()
        yield from ((name, path, status_by_exit_code[code]) for name, code in data.exit_code_by_key.items())


def _changed_lines(name: str, path: Path) -> tuple[str, str]:
    """The lines that a mutant removes and adds, without their indentation."""
    lines = get_diff_for_mutant(name, path=path).splitlines()[2:]
    was, now = (" ".join(line[1:].strip() for line in lines if line[0] == sign) for sign in "-+")
    return was, now


def _string(node: libcst.BaseString) -> Iterator[libcst.BaseString]:
    """One replacement of a string: none for prose, and none that only changes case, which header names ignore."""
    if isinstance(node, libcst.SimpleString):
        words = node.raw_value.split()
        if len(words) < PROSE_WORDS and not (len(words) > 1 and node.raw_value.endswith((".", ". "))):
            yield from list(mutators.operator_string(node))[:1]


def _test(names: list[str], choose: Callable[[str, list[str]], list[str]]) -> None:
    """Run the tests that `choose` selects of those that reach a mutant, the fastest first."""

    def get_runner(max_workers: int = 1) -> MutantRunner:
        runner = get_mutant_runner(max_workers)
        submit = runner.submit

        def submit_some(mutant_name: str, tests: list[str], cpu_time_limit: int, estimated_time: float) -> None:
            seconds = state().duration_by_test
            tests = sorted(choose(".".join(mutant_name.split(".")[1:-1]), tests), key=lambda test: seconds[test])
            submit(mutant_name, tests, cpu_time_limit, estimated_time)

        runner.submit = submit_some  # type: ignore[method-assign]
        return runner

    mutmut.get_mutant_runner = get_runner  # type: ignore[attr-defined] # it imports the name, and has no hook for this
    mutmut._run(names, 1)  # noqa: SLF001 - the body of its command `run`


def _with_own_tests(module: str, tests: list[str]) -> list[str]:
    return [test for test in tests if test.partition("::")[0] in files_of(module)] or tests


def _with_all_tests(_: str, tests: list[str]) -> list[str]:
    return tests


if __name__ == "__main__":
    run([name for name in sys.argv[1:] if name != "--again"], again="--again" in sys.argv)
