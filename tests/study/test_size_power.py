"""A small seeded run of the size and power simulation, on made returns, and the formulas it is compared with."""

from __future__ import annotations

import csv
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from correlator.eventstudy.significance.registry import NAMES

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def simulation() -> ModuleType:
    spec = importlib.util.spec_from_file_location("size_power", ROOT / "benchmarks" / "size_power.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["size_power"] = module
    spec.loader.exec_module(module)
    return module


def made_panel(simulation: ModuleType) -> object:
    rng = np.random.default_rng(3)
    market = rng.standard_normal(3000) * 0.01
    return simulation.Panel(market[:, None] + rng.standard_normal((3000, 15)) * 0.02, market)


def test_sizes_and_power_on_normal_returns(simulation: ModuleType) -> None:
    shares, sigma = simulation.random_studies(made_panel(simulation), 150, 30, seed=4)
    assert sigma == pytest.approx(0.02, rel=0.02)
    low, high = simulation.band(0.05, 150)
    for s, name in enumerate(NAMES):
        assert low <= shares[0, s, 0] <= high + 0.03, name
    csect = shares[:, NAMES.index("csect_t"), 0]
    for e, effect in enumerate(simulation.EFFECTS[1:], start=1):
        low, high = simulation.band(simulation.z_power(effect, 0.02, 30), 150)
        assert low - 0.03 <= csect[e] <= high


def test_correlated_events_reject_as_the_table_says(simulation: ModuleType) -> None:
    with (simulation.GOLDEN / "analytic_kp_overrejection.csv").open() as file:
        cells = {(int(r["n"]), float(r["rbar"])): r for r in csv.DictReader(file)}
    for events, correlation in ((30, 0.05), (100, 0.1)):
        cell = cells[events, correlation]
        got = simulation.correlated_sizes(events, correlation, 4000, seed=events)
        expected = float(cell["actual_size_of_nominal_5pct_patell"])
        low, high = simulation.band(expected, 4000)
        assert low <= got["patell_z"] <= high
        low, high = simulation.band(0.05, 4000)
        assert low <= got["adj_patell_z"] <= high
        assert low <= got["kp_t"] <= high


def test_formulas_are_the_golden_tables(simulation: ModuleType) -> None:
    with (simulation.GOLDEN / "analytic_power.csv").open() as file:
        for r in csv.DictReader(file):
            power = simulation.z_power(float(r["abnormal_return"]), float(r["sigma"]), int(r["N"]))
            assert power == pytest.approx(float(r["power_two_sided_5pct"]), rel=1e-9)
    with (simulation.GOLDEN / "analytic_kp_overrejection.csv").open() as file:
        for r in csv.DictReader(file):
            for name, bmp in (("bmp", True), ("patell", False)):
                size = simulation.inflated_size(int(r["n"]), float(r["rbar"]), bmp=bmp)
                assert size == pytest.approx(float(r[f"actual_size_of_nominal_5pct_{name}"]), rel=1e-6)


def test_report_is_in_the_docs() -> None:
    text = (ROOT / "docs" / "size-power.md").read_text(encoding="utf-8")
    assert all(f"| {name} |" in text for name in NAMES)
