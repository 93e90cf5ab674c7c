"""The benchmarks are not run here; their report and the stock manifest that they compare with are tested."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml
from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource

from benchmarks.comparison import report
from benchmarks.comparison.implementations import CONNECTOR, FLOOR, STOCK
from benchmarks.comparison.measurement import Measurement
from benchmarks.comparison.results import Result
from benchmarks.comparison.startup import StartupFigure
from benchmarks.suite import CASES, medians_of

BENCHMARKS = Path(report.__file__).parent


def result(who: str, per_second: float, cpu: float, **more: object) -> Result:
    figures = {"seconds": 1.0, "peak": 90.0, "rows": 100_000, "distinct": 100_000, "requests": 7, "refused": 0}
    return Result(who, per_second, cpu, **{**figures, "complete": True, **more})  # type: ignore[arg-type]


RESULTS = [result(CONNECTOR, 30_000, 20.0), result(STOCK, 10_000, 80.0), result(FLOOR, 50_000, 10.0)]


def test_ratios_are_to_the_stock_manifest_and_to_the_floor():
    table = report.case_table(CASES[0], RESULTS).splitlines()
    assert "| connector | 30,000 | 3.00 | 0.60 | 20.0 | 0.25 | 1.00 | 7 | 0 | 90 | 100,000 |" in table


def test_missing_rows_are_reported():
    table = report.case_table(CASES[0], [result(CONNECTOR, 1, 1, distinct=99_999, complete=False)])
    assert "| 99,999 of 100,000, failed |" in table


def test_the_report_shows_medians_and_the_lowest_row_counts():
    of = {"cpu": 1.0, "peak": 80.0, "complete": True}
    took = ((100, 98, 1.0), (99, None, 3.96), (100, None, 2.0))
    runs = [Measurement(rows=rows, distinct=distinct, seconds=seconds, **of) for rows, distinct, seconds in took]
    summed = medians_of(CONNECTOR, [(run, 9, 1) for run in runs])
    assert (50.0, 2.0) == (summed.per_second, summed.seconds)
    assert (99, 98) == (summed.rows, summed.distinct)
    assert (9, 1) == (summed.requests, summed.refused)


def test_start_times_are_reported_with_their_limits():
    table = report.start_table(
        [StartupFigure("spec", 1.2, "s", 1.1, 1.25), StartupFigure("memory", 120.4, "MB", None, 200)]
    )
    assert "| spec | 1.20 s | 1.10 | 1.25 |\n| memory | 120 MB |  | 200 MB |" in table


def test_the_chart_is_an_image_with_a_bar_for_each_figure():
    root = ET.fromstring(report.chart(RESULTS))  # noqa: S314 - it is ours
    bars = [float(bar.get("width", 0)) for bar in root.iter("{http://www.w3.org/2000/svg}rect")][1:]
    assert [0.6, 0.2, 1.0, 0.25, 1.0, 0.125] == pytest.approx([bar / max(bars) for bar in bars], abs=0.01)


def test_figures_replace_those_on_the_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "benchmarks.md").write_text("a\n<!-- figures -->\nold\n<!-- end of figures -->\nb\n")
    monkeypatch.setattr(report, "DOCS", tmp_path)
    report.write(["new\n"], RESULTS)
    page = (tmp_path / "benchmarks.md").read_text()
    assert page.startswith("a\n<!-- figures -->\n")
    assert page.endswith("\nnew\n<!-- end of figures -->\nb\n")
    assert "old" not in page
    assert (tmp_path / "benchmarks.svg").exists()


def test_the_stock_manifest_is_one_that_the_framework_runs():
    """It validates what it is given."""
    config = {"base_url": "https://x", "credentials": {"access_token": "x"}, "beginning": "2024-01-01T00:00:00.000Z"}
    manifest = yaml.safe_load((BENCHMARKS / "stock.yaml").read_text())
    source = ConcurrentDeclarativeSource(config={**config, "window": "P3D"}, source_config=manifest)
    assert ["users"] == [stream.name for stream in source.streams(config)]
