"""Formulas: a closed grammar that gives patsy's matrices and runs nothing."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from correlator.errors import CorrelatorError, InputError, NotFoundError, StudyError
from correlator.eventstudy.regression.design import design_of
from correlator.eventstudy.regression.formula import parse_formula

HOSTILE = tomllib.loads((Path(__file__).parents[1] / "hostile" / "formulas.toml").read_text(encoding="utf-8"))["input"]


def features(n: int = 40) -> pl.DataFrame:
    rng = np.random.default_rng(5)
    return pl.DataFrame(
        {
            "car": rng.normal(size=n),
            "a": rng.uniform(1, 5, n),
            "b": rng.uniform(1, 5, n),
            "category": rng.choice(["X", "Y", "Z"], n),
            "kind": rng.choice(["P", "Q"], n),
            "flag": rng.choice([True, False], n),
            "weekday": rng.integers(1, 4, n),
        }
    )


def terms(text: str) -> list[str]:
    return [":".join(map(str, term)) for term in parse_formula(text).terms]


def said(text: str) -> str:
    """The refusal of a formula; empty where it is read."""
    try:
        parse_formula(text)
    except InputError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("text", "theirs"),
    [
        ("car ~ a", "car ~ a"),
        ("car ~ a + b - 1", "car ~ a + b - 1"),
        ("car ~ 0 + a", "car ~ 0 + a"),
        ("car ~ a * b", "car ~ a * b"),
        ("car ~ a*b*category - a:b", "car ~ a*b*category - a:b"),
        ("car ~ (a + b):category", "car ~ (a + b):category"),
        ("car ~ 0 + category", "car ~ 0 + category"),
        ("car ~ category*kind", "car ~ category*kind"),
        ("car ~ category:kind", "car ~ category:kind"),
        ("car ~ 0 + category:kind + a:kind", "car ~ 0 + category:kind + a:kind"),
        ("car ~ C(weekday) + flag", "car ~ C(weekday) + flag"),
        ("car ~ log(a) + I(a ** 2 - b / 2 * 3)", "car ~ np.log(a) + I(a ** 2 - b / 2 * 3)"),
        ("car ~ I(-a**2) + I((a + b) * -1)", "car ~ I(-a**2) + I((a + b) * -1)"),
        ("car ~ I(--a) + I(b - ---a * b)", "car ~ I(--a) + I(b - ---a * b)"),
        ("log(a) ~ b", "np.log(a) ~ b"),
        ("car ~ 1", "car ~ 1"),
        ("car ~ - 1 + a + 1", "car ~ -1 + a + 1"),
        ("car ~ `a` : `category`", "car ~ a:category"),
        ("car ~ a - 0", "car ~ a - 0"),
    ],
)
def test_matrices_are_those_of_patsy(text, theirs):
    from patsy import dmatrices

    data = features()
    ours = design_of(parse_formula(text), data)
    left, right = dmatrices(theirs, data.to_pandas(), return_type="dataframe")
    np.testing.assert_allclose(ours.response, left)
    np.testing.assert_allclose(ours.terms, right)
    assert [name.replace("np.log", "log") for name in right.columns if "I(" not in name] == [
        name for name in ours.terms.columns if "I(" not in name
    ]


@pytest.mark.parametrize("case", HOSTILE, ids=[case["text"][:60] for case in HOSTILE])
def test_hostile_formulas(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CorrelatorError, match=case["refused"]) as caught:
        design_of(parse_formula(case["text"]), features())
    assert len(str(caught.value)) < 1_000
    assert list(tmp_path.iterdir()) == []


def test_the_position_is_that_of_what_is_wrong():
    with pytest.raises(InputError, match=r"at character 12, '\.b'"):
        parse_formula("car ~ b + a.b")
    with pytest.raises(InputError, match=r"at character 7, '__import__"):
        parse_formula('car ~ __import__("os").system("x")')
    with pytest.raises(InputError, match="at its end.*expected a column"):
        parse_formula("car ~ a +")


def test_values_that_are_not_finite_are_left_out():
    data = features(6).with_columns(a=pl.Series([1.0, 0.0, -1.0, np.inf, np.nan, 2.0]), flag=None)
    assert design_of(parse_formula("car ~ log(a)"), data).rows.tolist() == [0, 5]
    assert design_of(parse_formula("car ~ I(1 / a)"), data).rows.tolist() == [0, 2, 3, 5]
    categories = data.with_columns(category=pl.Series(["X", None, "Y", "X", "Y", None]))
    assert design_of(parse_formula("car ~ category"), categories).rows.tolist() == [0, 2, 3, 4]


def test_columns_that_cannot_be_used_are_named():
    data = features().with_columns(
        day=pl.date(2025, 1, 1), many=pl.lit([1]), id=pl.format("n{}", pl.int_range(pl.len()))
    )
    with pytest.raises(InputError, match=r"column day holds .*not numbers.*C\(day\)"):
        design_of(parse_formula("car ~ day"), data)
    with pytest.raises(InputError, match="not categories"):
        design_of(parse_formula("car ~ C(many)"), data)
    with pytest.raises(StudyError, match="the 78 terms of id:C"):
        design_of(parse_formula("car ~ id:C(weekday)"), data)
    with pytest.raises(InputError, match="categories, not numbers"):
        design_of(parse_formula("category ~ a"), data)
    with pytest.raises(NotFoundError, match="no column 'aa'"):
        design_of(parse_formula("car ~ aa"), data)


names = st.sampled_from(["a", "b", "category", "kind"])
trees = st.recursive(
    names,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", ":", "*", "-"]), inner).map(" ".join).map("({})".format),
        names.map("C({})".format),
        st.sampled_from(["a", "b"]).map("log({})".format),
        st.sampled_from(["a", "b"]).map("I({} + 1)".format),
    ),
    max_leaves=5,
)


@settings(deadline=None)
@given(trees)
def test_what_the_grammar_makes_is_read_as_patsy_reads_it(tree):
    from patsy import ModelDesc

    expected = ModelDesc.from_formula(f"car ~ {tree}")
    theirs = {frozenset(factor.name() for factor in term.factors) for term in expected.rhs_termlist}
    assert {frozenset(map(str, term)) for term in parse_formula(f"car ~ {tree}").terms} == theirs


@settings(deadline=None)
@given(st.text(alphabet="car~+-*:/()`1.0IClog ab_'\"[]{}=,\\", max_size=60))
def test_any_text_is_a_formula_or_refused(text):
    assert "\n" not in said(text)


@pytest.mark.parametrize(
    "text",
    [
        "car ~ " + "(" * 900 + "a" + ")" * 900,
        "car ~ I(" + "1+" * 900 + "1)",
        "car ~ I(" + "-" * 1900 + "1)",
        "car ~ " + "*".join(f"a{i}" for i in range(30)),
        "car ~ " + "+".join(f"a{i}" for i in range(300)),
        "car ~ " + "a" * 3_000,
        "car ~ I(" + "log(" * 300 + "a" + ")" * 301,
        "car ~ I(a" + " ** 2" * 200 + ")",
    ],
    ids=lambda text: text[:20],
)
def test_long_and_deep_formulas_end(text):
    assert len(said(text)) < 500
