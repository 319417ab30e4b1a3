"""The ticker strip: figures from Business Recorder pages (2021-2025), wording our own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from correlator.news.strip import parse_strip, strip_frame, without_strip

LINES = [
    (" date 2025-05-28 AIRLINK 159.05 Decreased By ▼ -3.77 (-2.32%)", "AIRLINK", 159.05, -3.77, "down", 162.82),
    ("AIRLINK 159.45 Increased By ▲ 4.49 (2.9%)", "AIRLINK", 159.45, 4.49, "up", 154.96),
    ("PTC 23.10 Increased By ▲ 1.10 (5%)", "PTC", 23.10, 1.10, "up", 22.0),
    ("CNERGY 6.72 Increased By ▲ 1.00 (17.48%)", "CNERGY", 6.72, 1.0, "up", 5.72),
    ("KOSM 4.53 No Change ▼ 0.00 (0%)", "KOSM", 4.53, 0.0, "unchanged", 4.53),
    ("KSE100 119,931 Increased By 960.3 (0.81%)", "KSE100", 119931.0, 960.3, "up", 118970.7),
    ("KSE100 46,301 Increased By ▲ 203.55 (0.44%)", "KSE100", 46301.0, 203.55, "up", 46097.45),
    ("KSE100 75,398 Increased By 191 (0.25%)", "KSE100", 75398.0, 191.0, "up", 75207.0),
    ("BR30 25,339 Increased By 2.8 (0.01%)", "BR30", 25339.0, 2.8, "up", 25336.2),
]


@pytest.mark.parametrize(("line", "symbol", "price", "change", "direction", "previous"), LINES)
def test_every_layout_is_read(line, symbol, price, change, direction, previous):
    (quote,) = parse_strip(line)
    assert (quote.symbol, quote.price, quote.change, quote.direction) == (symbol, price, change, direction)
    assert quote.previous_close == pytest.approx(previous, abs=1e-9)


@pytest.mark.parametrize(
    "line",
    [
        "AAMRANET 37.70 (-1.40)  -3.58%",
        "Pakistan Deaths",
        "20,400",
        "9224hr",
        "AIRLINK 159.05 Decreased By ▼ -3.77 (-4.32%)",
        "AIRLINK 159.05 Increased By ▲ -3.77 (-2.32%)",
        "AIRLINK 0.00 Decreased By ▼ -3.77 (-100%)",
        "Airlink 159.05 Decreased By ▼ -3.77 (-2.32%)",
    ],
)
def test_look_alikes_are_no_quotes(line):
    assert parse_strip(line) == []
    assert without_strip(line) == line


def test_a_repeated_strip_counts_once_and_keeps_its_lines():
    text = "AIRLINK 178.50 Decreased By ▼ -4.21 (-2.3%)\nOGDC 214.00 Increased By ▲ 0.72 (0.34%)\n"
    quotes = parse_strip(text + "\n" + text)
    assert [(q.position, q.symbol, q.line_number) for q in quotes] == [(1, "AIRLINK", 1), (2, "OGDC", 2)]
    assert strip_frame(quotes)["position"].to_list() == [1, 2]


@given(st.text())
def test_any_text_is_survived(text):
    assert isinstance(parse_strip(text), list)
