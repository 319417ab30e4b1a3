"""What a report says in words rests on errors that go together within a session."""

from __future__ import annotations

import numpy as np
import pytest

from correlator.report.words import clustered_t


def test_clustered_errors_are_those_of_statsmodels():
    sm = pytest.importorskip("statsmodels.api")
    rng = np.random.default_rng(4)
    sessions = rng.integers(0, 12, 60)
    values = rng.normal(0.01, 0.02, 60) + rng.normal(0, 0.02, 12)[sessions]
    options = {"groups": sessions, "use_correction": True, "df_correction": True}
    fit = sm.OLS(values, np.ones(60)).fit(cov_type="cluster", cov_kwds=options, use_t=True)
    statistic, p_value, count = clustered_t(values, sessions)
    assert statistic == pytest.approx(float(fit.tvalues[0]), rel=1e-12)
    assert p_value == pytest.approx(float(fit.pvalues[0]), rel=1e-9)
    assert count == len(set(sessions))


def test_values_of_their_own_sessions_have_the_plain_t():
    from scipy.stats import ttest_1samp

    values = np.random.default_rng(5).normal(0.3, 1, 25)
    plain = ttest_1samp(values, 0)
    statistic, p_value, _ = clustered_t(values, np.arange(25))
    assert (statistic, p_value) == (pytest.approx(plain.statistic), pytest.approx(plain.pvalue))


@pytest.mark.parametrize(("values", "sessions"), [([0.1, 0.2], [3, 3]), ([0.1, 0.1], [3, 4])])
def test_what_cannot_be_tested_is_nan(values, sessions):
    assert np.isnan(clustered_t(np.array(values), np.array(sessions))[1])
