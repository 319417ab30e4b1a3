"""Synthetic controls: the best weights, the errors of least squares, and a test in space that holds its size."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import correlator as co
from correlator.cli.app import app
from correlator.errors import CorrelatorError
from correlator.eventstudy.estimation.synthetic import simplex_weights
from correlator.eventstudy.request.spec import study_spec
from correlator.eventstudy.results.counterfactual import _nearly, _replacements
from correlator.intake.prices import add_prices
from correlator.research import donors as stored_donors
from correlator.store.db import Store

SESSIONS, DONORS = 200, 12
OPTIONS = {"model": "synthetic", "estimation": "-130:-11", "window": "-3:3", "windows": "0:0,-3:3"}
TYPED = [word for name, value in OPTIONS.items() for word in (f"--{name}", value)]


def sessions(count: int = SESSIONS) -> pl.Series:
    days = pl.date_range(date(2023, 1, 2), date(2024, 12, 31), eager=True)
    return days.filter(days.dt.weekday() <= 5)[:count].alias("Date")


def world(seed: int = 0, effect: float = 0.0) -> pl.DataFrame:
    """Prices of A, B and donors with three factors; ``effect`` on A on session 160."""
    rng = np.random.default_rng(seed)
    names = ["A", "B", *(f"D{number}" for number in range(DONORS))]
    factors = rng.normal(0, 0.01, (SESSIONS, 3))
    returns = factors @ rng.uniform(0.3, 1.5, (3, len(names))) + rng.normal(0, 0.01, (SESSIONS, len(names)))
    returns[160, 0] += effect
    return pl.DataFrame({"Date": sessions(), **dict(zip(names, 100 * np.exp(returns.cumsum(axis=0)).T, strict=True))})


def events(*rows: tuple[str, int]) -> pl.DataFrame:
    days = sessions()
    return pl.DataFrame({"symbol": [symbol for symbol, _ in rows], "date": [days[row] for _, row in rows]})


def log_returns(prices: pl.DataFrame) -> np.ndarray:
    return np.diff(np.log(prices.drop("Date").to_numpy()), axis=0, prepend=np.nan)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(2, 60))
def test_no_weights_of_the_simplex_are_nearer(seed, donors, bars) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(0, 0.01, (bars, donors)), rng.normal(0, 0.02, bars)
    weights = simplex_weights(y, x)
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    gradient = x.T @ (x @ weights - y)  # at the best point no donor's direction is below that of those in use
    assert gradient.min() >= gradient @ weights - 1e-9 * np.abs(x.T @ y).max()


def test_errors_are_those_of_least_squares_on_the_donors_with_a_weight() -> None:
    sm = pytest.importorskip("statsmodels.api")
    prices = world()
    found = co.study(prices=prices, events=events(("A", 160)), **OPTIONS)
    returns, names = log_returns(prices), prices.columns[1:]
    weights = dict(found.donors.select("donor", "weight").iter_rows())
    first, *others = [names.index(name) for name in weights]
    contrasts = returns[:, others] - returns[:, [first]]
    outcome = returns[:, 0] - returns[:, first]
    fit = sm.OLS(outcome[30:150], contrasts[30:150]).fit()
    np.testing.assert_allclose(fit.params, list(weights.values())[1:], atol=1e-9)
    predicted = fit.get_prediction(contrasts[157:164])
    np.testing.assert_allclose(found.ar["ar"], outcome[157:164] - predicted.predicted_mean, atol=1e-10)
    np.testing.assert_allclose(found.ar["se"], predicted.se_obs, rtol=1e-9)
    total = contrasts[157:164].sum(axis=0)
    error = np.sqrt(fit.scale * 7 + total @ fit.cov_params() @ total)
    whole = found.car.filter(pl.col("window") == "-3:3").row(0, named=True)
    assert whole["se"] == pytest.approx(error, rel=1e-9)
    assert whole["df"] == 120 - len(others)
    row = found.models.row(0, named=True)
    assert (row["donors"], row["pool"]) == (len(weights), DONORS + 1)  # B has no event, so it is a donor
    assert row["pre_rmse"] == pytest.approx(np.sqrt(np.mean(fit.resid**2)))
    assert row["pre_r_squared"] == pytest.approx(
        1 - (fit.resid**2).sum() / ((returns[30:150, 0] - returns[30:150, 0].mean()) ** 2).sum()
    )


def test_a_planted_effect_is_found_in_space_and_chance_is_not() -> None:
    found = co.study(prices=world(effect=0.2), events=events(("A", 160)), **OPTIONS)
    day = found.in_space.row(0, named=True)
    assert day["car"] == pytest.approx(0.2, abs=0.05)
    assert day["placebos"] == DONORS + 1
    assert day["p_value"] == pytest.approx(1 / (DONORS + 2))  # the least that so many donors can give
    average = found.in_space_average.row(0, named=True)
    assert (average["p_value"], average["placebos"]) == (day["p_value"], DONORS + 1)


def test_p_in_space_is_uniform_where_nothing_happened() -> None:
    values = [
        co.study(prices=world(seed), events=events(("A", 160)), **OPTIONS).in_space["p_value"][0] for seed in range(40)
    ]
    assert 0.4 < np.mean(values) < 0.65  # (1 + 14) / 28 = .54 give or take .1
    assert np.mean(np.array(values) <= 2 / 14) < 0.3


def test_an_average_replaces_each_share_by_one_donor_of_its_own() -> None:
    found = co.study(prices=world(), events=events(("A", 150), ("A", 170), ("B", 170)), **OPTIONS)
    placebos = found._placebos_in_space
    a, b = placebos.placebo[:2, :, 0].sum(axis=0), placebos.placebo[2, :, 0]
    pairs = [(a[i] + b[j]) / 3 for i in range(DONORS) for j in range(DONORS) if i != j]
    row = found.in_space_average.row(0, named=True)
    assert (row["placebos"], row["draws"], row["n"]) == (len(pairs), len(pairs), 3)
    as_large = sum(abs(value) >= abs(row["ratio"]) for value in pairs)
    assert row["p_value"] == pytest.approx((1 + as_large) / (1 + len(pairs)))
    assert row["ratio"] == pytest.approx(found.in_space.filter(pl.col("window") == "0:0")["ratio"].mean())


def test_more_shares_than_donors_have_no_average_in_space() -> None:
    assert _replacements(np.zeros((3, 2)), np.array([0, 1, 2]))[1] == 0
    drawn, distinct = _replacements(np.arange(40.0)[None].repeat(4, axis=0), np.arange(4))
    assert (len(drawn), distinct) == (9_999, 40 * 39 * 38 * 37)
    assert drawn.mean() == pytest.approx(19.5, abs=0.3)


def test_holes_of_share_and_donors_are_bridged_together() -> None:
    prices = world()
    row = pl.int_range(pl.len())
    holed = prices.with_columns(
        pl.when(~row.is_in([60, 61, 162])).then(pl.col("A")).alias("A"),
        pl.when(row != 90).then(pl.col("D3")).alias("D3"),
    )
    found = co.study(prices=holed, events=events(("A", 160)), **OPTIONS)
    assert found.models["n"][0] == 120 - 3
    levels = np.log(holed.drop("Date").to_numpy())
    weights = np.zeros(levels.shape[1])
    for donor, weight in found.donors.select("donor", "weight").iter_rows():
        weights[holed.columns.index(donor) - 1] = weight
    over = found.ar.filter(pl.col("day") == 3).row(0, named=True)
    moved = levels[163] - levels[161]
    assert over["ar"] == pytest.approx(moved[0] - np.nansum(weights * moved))
    assert found.ar.filter(pl.col("day") == 2)["ar"][0] is None
    dropped = co.study(prices=holed, events=events(("A", 160)), holes="drop", **OPTIONS)
    assert dropped.models["n"][0] == 120 - 5
    assert dropped.ar.filter(pl.col("day") == 3)["ar"][0] is None


def test_simple_returns_compound_over_a_hole() -> None:
    prices = world().with_columns(pl.when(pl.int_range(pl.len()) != 162).then(pl.col("A")).alias("A"))
    found = co.study(prices=prices, events=events(("A", 160)), returns="simple", **OPTIONS)
    row = found.ar.filter(pl.col("day") == 3).row(0, named=True)
    assert row["return"] == pytest.approx(prices["A"][163] / prices["A"][161] - 1)


def test_a_donor_without_a_price_in_the_event_window_is_none() -> None:
    prices = world().with_columns(pl.when(pl.int_range(pl.len()) != 161).then(pl.col("D0")).alias("D0"))
    found = co.study(prices=prices, events=events(("A", 160)), **OPTIONS)
    assert found.models["pool"][0] == DONORS
    assert "D0" not in found.donors["donor"]


def test_the_same_through_returns_prices_and_a_frame_of_donors() -> None:
    prices = world()
    names = [f"D{number}" for number in range(DONORS)]
    chosen = co.study(prices=prices, events=events(("A", 160)), donors=names, **OPTIONS)
    handed = co.study(
        prices=prices.select("Date", "A"), donors=prices.select("Date", *names), events=events(("A", 160)), **OPTIONS
    )
    assert handed.car.equals(chosen.car)
    returns = pl.DataFrame(
        {"Date": prices["Date"], **dict(zip(prices.columns[1:], log_returns(prices).T, strict=True))}
    )
    given = co.study(returns=returns, donors=",".join(names), events=events(("A", 160)), **OPTIONS)
    np.testing.assert_allclose(given.car["car"], chosen.car["car"], atol=1e-12)
    assert chosen.made["donors"] == names
    assert chosen.benchmark_note.startswith("synthetic of 12 donors: D0, D1")


def test_summary_significance_and_placebo_dates_take_the_counterfactual() -> None:
    found = co.study(prices=world(effect=0.3), events=events(("A", 160), ("B", 165)), **OPTIONS)
    assert found.summary()["caar"][0] == pytest.approx(found.car.filter(pl.col("window") == "0:0")["car"].mean())
    assert {"kp_t", "grank_t"} <= set(found.significance["statistic"])
    assert found.placebo(draws=50).table["placements"].min() > 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"donors": ["D0", "D1"]}, "no event could be measured"),
        ({"donors": ["D0", "ZZZ"]}, "donor 'ZZZ' does not exist"),
        ({"donors": ["A", "B"]}, "every donor has events itself"),
        ({"model": "market", "benchmark": "D0", "donors": ["D1"]}, "donors are used by the model synthetic only"),
        ({"risk_free": "D0"}, "risk_free cannot be used"),
    ],
)
def test_refusals(options, words) -> None:
    with pytest.raises(CorrelatorError, match=words):
        _ = co.study(prices=world(), events=events(("A", 160), ("B", 160)), **{**OPTIONS, **options}).significance


def test_too_few_donors_are_the_reason() -> None:
    found = co.study(prices=world(), events=events(("A", 160)), donors=["D0", "D1"], **OPTIONS)
    assert found.excluded["reason"].to_list() == ["2 donors with a price on its bars, 5 needed"]


def test_donors_of_an_acting_country_are_touched() -> None:
    from correlator.eventstudy.panel.donors import touched_donors
    from correlator.eventstudy.panel.frames import Donors

    donors = Donors(("X", "Y", "Z"), np.zeros((1, 3)), np.ones((1, 3), dtype=bool), ("AZE", "USA", None))
    frame = pl.DataFrame({"source_country": ["PAK", None], "target_country": ["AZE", "USA"]})
    assert touched_donors(donors, frame).tolist() == [[True, False, False], [False, True, False]]
    assert touched_donors(donors, pl.DataFrame({"symbol": ["A"]})) is None


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A and D0 to D4 in Karachi, D5 to D11 in Toronto, and an event of A's."""
    folder = tmp_path_factory.mktemp("synthetic")
    days = co.sessions_between("XNAS", date(2023, 1, 3), date(2024, 12, 31))["session"][:SESSIONS]
    prices = world().with_columns(days.alias("Date"))
    ws = co.open_workspace(folder / "m.duckdb")
    for name in prices.columns[1:]:
        prices.select("Date", Close=name).write_csv(folder / f"{name}.csv")
        exchange = "XTSE" if name in [f"D{number}" for number in range(5, DONORS)] else "XNAS"
        ws.add_prices(folder / f"{name}.csv", symbol=name, exchange=exchange)
    pl.DataFrame({"symbol": ["A"], "date": [f"{days[160]}T10:00:00-04:00"], "category": ["BEAT"]}).write_csv(
        folder / "e.csv"
    )
    ws.add_events(folder / "e.csv")
    prices.write_csv(folder / "wide.csv")
    return folder


def test_the_store_takes_other_countries(store) -> None:
    ws = co.open_workspace(store / "m.duckdb")
    found = ws.study("A", **OPTIONS)
    assert set(found.panel.donors.names) == {f"D{number}" for number in range(5, DONORS)}
    names = sorted(found.panel.donors.names)
    prices = pl.read_csv(store / "wide.csv", try_parse_dates=True)
    again = co.study(prices=prices, events=pl.read_csv(store / "e.csv"), donors=names, exchange="XNAS", **OPTIONS)
    np.testing.assert_allclose(found.car["car"], again.car["car"], atol=1e-12)
    named = ws.study("A", donors=names, **OPTIONS)
    assert named.car.drop("event_id").equals(found.car.drop("event_id"))
    with pytest.raises(CorrelatorError, match="the sector of A is unknown"):
        ws.study("A", donors="other-sectors", **OPTIONS)
    with pytest.raises(CorrelatorError, match="no exchange rate from USD to EUR|currency does not apply"):
        ws.study("A", currency="USD", **OPTIONS)


def test_the_command_line_takes_names_and_files(store) -> None:
    names = [f"D{number}" for number in range(5, DONORS)]
    (store / "donors.txt").write_text("\n".join(names))
    prices = pl.read_csv(store / "wide.csv")
    prices.select("Date", *names).write_csv(store / "donors.csv")
    files = ["study", "--prices", str(store / "wide.csv"), "--events", str(store / "e.csv"), "--exchange", "XNAS"]
    stored = ["--store", str(store / "m.duckdb"), "study", "--symbol", "A"]
    outputs = []
    for call in (
        [*files, "--donors", ",".join(names)],
        [*files, "--donors", str(store / "donors.csv")],
        [*stored, "--donors", str(store / "donors.txt")],
        stored,
    ):
        done = CliRunner().invoke(app, [*call, *TYPED, "--output", "in-space", "--format", "csv"])
        assert done.exit_code == 0, done.output
        outputs.append(pl.read_csv(done.stdout.encode()).drop("event_id"))
    for other in outputs[1:]:
        np.testing.assert_allclose(other["ratio"], outputs[0]["ratio"], atol=1e-9)
        assert other["p_value"].equals(outputs[0]["p_value"])
    done = CliRunner().invoke(app, [*stored, *TYPED, "--donors", "nowhere.txt"])
    assert done.exit_code != 0
    assert "nowhere.txt does not exist" in str(done.exception)


def test_a_report_takes_donors_and_purge(store) -> None:
    names = [f"D{number}" for number in range(5, DONORS)]
    lines = [
        "[study]",
        'symbols = ["A"]',
        'model = "synthetic"',
        f"donors = {names}".replace("'", '"'),
        "purge = true",
        'estimation = "-130:-11"',
        'window = "-3:3"',
        'windows = ["0:0", "-3:3"]',
        "[outputs]",
        "tear_sheet = false",
        'tables = ["car", "models"]',
    ]
    (store / "r.toml").write_text("\n".join(lines))
    ws = co.open_workspace(store / "m.duckdb")
    run = ws.report(store / "r.toml", store / "out", as_of=sessions_of_store(store)[-1])
    found = ws.study("A", donors=names, purge=True, **OPTIONS)
    models = pl.read_csv(run.folder / "models.csv")
    assert (
        models.select("donors", "pool", "pre_rmse").rows() == found.models.select("donors", "pool", "pre_rmse").rows()
    )
    np.testing.assert_allclose(pl.read_csv(run.folder / "car.csv")["car"], found.car["car"], atol=1e-12)


def sessions_of_store(store) -> list[date]:
    return pl.read_csv(store / "wide.csv", try_parse_dates=True)["Date"].to_list()


def test_donors_have_the_price_that_is_asked_for(tmp_path) -> None:
    rows = pl.DataFrame({"Date": ["2024-01-02", "2024-01-03"], "Close": [10.0, 11.0], "Adj Close": [5.0, 5.5]})
    rows.write_csv(tmp_path / "d.csv")
    store = Store(tmp_path / "m.duckdb")
    add_prices(store, tmp_path / "d.csv", symbol="D", exchange="XKAR")
    days = pl.Series("session", [date(2024, 1, 2), date(2024, 1, 3)])
    with store.reading() as connection:
        prices = {
            price: stored_donors._prices(connection, ["D"], days, study_spec(price=price)).ravel().tolist()
            for price in ("close", "adjusted")
        }
    assert prices == {"close": [10.0, 11.0], "adjusted": [5.0, 5.5]}


def test_ratios_that_differ_by_rounding_count_as_equal() -> None:
    sums = np.array([0.1 + 0.2, 0.3, -0.0, 1e-9])
    assert (_nearly(sums) <= np.array([0.3, 0.1 + 0.2, 0.0, 1e-9])).all()
    assert (_nearly(sums[:2]) > 0.299999999).all()
