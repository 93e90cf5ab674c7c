"""The text of the generated files of `dbt/`: staging models, their properties, and the sources."""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml

from source_auth0.manifest.assembly import load_stream
from source_auth0.manifest.files import stream_files
from tools.warehouse.columns import Staged, relations, staged

ORIGIN = "Written by `python -m tools.warehouse.generate` from the stream files."
#: Folders of models that people write.
HAND_WRITTEN = ("intermediate", "marts")
STAGE_ALL = "var('auth0_stage_all', false)"


def generated(read: Collection[str]) -> dict[Path, str]:
    """The text of each generated file by its path below `dbt/models/staging`.

    read: the streams whose staging models other models read, which are always built; the rest is on request.
    """
    files: dict[Path, str] = {Path("_auth0__sources.yml"): sources()}
    families: defaultdict[str, list[Staged]] = defaultdict(list)
    for name, path in stream_files().items():
        family, model = path.parent.name, staged(name)
        families[family].append(model)
        files[Path(family, f"stg_auth0__{name}.sql")] = model_text(model, always=name in read)
    for family, models in families.items():
        files[Path(family, f"_{family}__models.yml")] = _yaml({"models": [properties(model) for model in models]})
    return files


def model_text(model: Staged, *, always: bool) -> str:
    """The SQL of a staging model: one call of the macro `staged` with the columns."""
    columns = "".join(
        f"    [{', '.join(repr(part) for part in (column.name, column.type, *column.sources))}],\n"
        for column in model.columns
    )
    arguments = f", key={model.key!r}"
    arguments += f", parent={model.parent!r}" if model.parent else ""
    arguments += ", tombstones=true" if model.tombstones else ""
    enabled = "" if always else f"{{{{ config(enabled={STAGE_ALL}) }}}}\n"
    return (
        f"-- {ORIGIN}\n{enabled}{{% set columns = [\n{columns}] %}}\n"
        f"{{{{ auth0.staged('{model.stream}', columns{arguments}) }}}}\n"
    )


def properties(model: Staged) -> dict[str, Any]:
    """A staging model with its text, columns and tests."""
    points_to = {column.name: (stream, of) for column, stream, of in relations(model)}
    columns = [
        {"name": column.name, "description": column.description, **_tests(model, column.name, points_to)}
        for column in model.columns
    ]
    columns.append({"name": "synced_at", "description": "When the row was extracted, in UTC."})
    declared: dict[str, Any] = {"name": f"stg_auth0__{model.stream}", "description": model.description}
    if len(model.key) > 1:
        declared["data_tests"] = [{"auth0.unique_together": {"arguments": {"columns": model.key}}}]
    return {**declared, "columns": columns}


def sources() -> str:
    """All streams as sources, with their family and scopes."""
    tables = [_source(name, path.parent.name) for name, path in stream_files().items()]
    source = {
        "name": "auth0",
        "description": "Tables that a destination of the Auth0 connector filled, one for each stream.",
        "database": "{{ var('auth0_database', target.database) }}",
        "schema": "{{ var('auth0_schema', target.schema) }}",
        "tables": tables,
    }
    return _yaml({"sources": [source]})


def _source(name: str, family: str) -> dict[str, Any]:
    stream = load_stream(name)
    meta = {"family": family, "scopes": list(stream["$parameters"]["required_scopes"])}
    text = stream["schema_loader"]["schema"]["description"]
    return {"name": name, "description": text, "config": {"meta": meta}}


def _tests(model: Staged, column: str, points_to: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    tests: list[Any] = []
    if column in model.key:
        tests.append("not_null")
    if [column] == model.key:
        tests.append("unique")
    if column in points_to:
        stream, of = points_to[column]
        tests.append({"auth0.points_to": {"arguments": {"stream": stream, "field": of}}})
    return {"data_tests": tests} if tests else {}


class _Dumper(yaml.SafeDumper):
    """YAML with lists indented below their key, as people write it."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - PyYAML's signature
        super().increase_indent(flow, indentless=False)


def _yaml(content: dict[str, Any]) -> str:
    text = yaml.dump({"version": 2, **content}, Dumper=_Dumper, sort_keys=False, width=10_000, allow_unicode=True)
    return f"# {ORIGIN}\n{text}"


def streams_read(models: Path) -> set[str]:
    """The streams whose staging models the hand-written models read."""
    texts = (file.read_text(encoding="utf-8") for kind in HAND_WRITTEN for file in (models / kind).glob("*.sql"))
    return {stream for text in texts for stream in re.findall(r"ref\('stg_auth0__(\w+)'\)", text)}
