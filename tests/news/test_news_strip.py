"""The ticker strip: figures from Business Recorder pages (2021-2025), wording our own."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from correlator.errors import InputError
from correlator.news.pages.html_page import visible_text
from correlator.news.strips.strip import (
    compile_layout,
    is_index,
    parse_strip,
    strip_frame,
    unread_quotes,
    without_strip,
)

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
    ("LAMP 210.50 up 2.50 (1.20%)", "LAMP", 210.5, 2.5, "up", 208.0),
    ("LAMP 207.50 Down 2.50 (1.19%)", "LAMP", 207.5, -2.5, "down", 210.0),
    ("LAMP 150.00 unch 0.00 (0.00%)", "LAMP", 150.0, 0.0, "unchanged", 150.0),
    ("LAMP 150.00 0.00 (0.00%)", "LAMP", 150.0, 0.0, "unchanged", 150.0),
    ("SMI 11'935.20 +100.10 (+0.85%)", "SMI", 11935.2, 100.1, "up", 11835.1),
    ("LAMP ۱۲٫۵۰ ▲ ۰٫۵۰ (۴٫۱۷٪)", "LAMP", 12.5, 0.5, "up", 12.0),
    ("LAMP １２.５０ ▲ ０.５０ (４.１７％)", "LAMP", 12.5, 0.5, "up", 12.0),
    ("LAMP 12.50 CHF ▲ 0.50 (4.17%)", "LAMP", 12.5, 0.5, "up", 12.0),
    ("LAMP 12,50 € +0,50 € (+4,17 %)", "LAMP", 12.5, 0.5, "up", 12.0),
]
DROP = LINES[0][1:]
VARIANTS = [
    "AIRLINK 159.05 Decreased By -3.77 (-2.32%)",
    "AIRLINK 159.05 Decreased By 3.77 (2.32%)",
    "AIRLINK 159.05 Decreased By ▼ 3.77 (-2.32%)",
    "AIRLINK 159.05 Decreased By ▼-3.77 ( -2.32 % )",
    "AIRLINK 159.05 Decreased By ↓ −3.77 (−2.32%)",
    "AIRLINK\t159.05\u00a0 Decreased  By ▼ -3.77 (-2.32%)",
    "AIRLINK\n159.05\nDecreased By\n▼ -3.77\n(-2.32%)",
    "AIRLINK 159.05 Decreased By &#9660; -3.77 (-2.32&#37;)",
    "AIRLINK&nbsp;159.05&nbsp;Decreased By&nbsp;▼&nbsp;-3.77&nbsp;(-2.32%)",
    "AIRLINK 159.05 Decreased By ▼ -3.77 (-2.32%)Two capitals plan a pact",
    "Read more|AIRLINK 159.05 Decreased By ▼ -3.77 (-2.32%)|x",
]


@pytest.mark.parametrize(("line", "symbol", "price", "change", "direction", "previous"), LINES)
def test_every_layout_is_read(line, symbol, price, change, direction, previous):
    (quote,) = parse_strip(line)
    assert (quote.symbol, quote.price, quote.change, quote.direction) == (symbol, price, change, direction)
    assert quote.previous_close == pytest.approx(previous, abs=1e-9)


@pytest.mark.parametrize("text", VARIANTS)
def test_signs_arrows_blanks_and_entities_may_differ(text):
    (quote,) = parse_strip(text)
    assert (quote.symbol, quote.price, quote.change, quote.direction, quote.previous_close) == DROP
    assert "AIRLINK" not in without_strip(text)
    assert without_strip(text).endswith(text[text.rfind(")") + 1 :])


@pytest.mark.parametrize(
    "line",
    [
        "AAMRANET 37.70 (-1.40)  -3.58%",
        "Pakistan Deaths",
        "20,400",
        "9224hr",
        "KSE 100 119,931 Increased By 960.3 (0.81%)",
        "AIRLINK 159.05 Decreased By ▼ -3.77 (-4.32%)",
        "AIRLINK 159.05 Increased By ▲ -3.77 (-2.32%)",
        "AIRLINK 159.05 Decreased By ▼ +3.77 (2.32%)",
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
    assert [(q.strip, q.position, q.symbol, q.line_number) for q in quotes] == [(1, 1, "AIRLINK", 1), (1, 2, "OGDC", 2)]
    assert strip_frame(quotes)["position"].to_list() == [1, 2]


def test_a_strip_that_is_told_again_in_part_or_quote_by_quote_is_one():
    lines = [line for line, *_ in LINES[1:4]]
    twice = "\n".join(line for line in lines for _ in (1, 2))
    more = "\n".join([*lines, lines[0], LINES[4][0]])
    assert [q.symbol for q in parse_strip(twice)] == ["AIRLINK", "PTC", "CNERGY"]
    assert [(q.strip, q.symbol) for q in parse_strip(more)] == [
        (1, "AIRLINK"),
        (1, "PTC"),
        (1, "CNERGY"),
        (1, "KOSM"),
    ]


def test_other_figures_of_a_symbol_are_another_strip():
    text = "\n".join(line for line, *_ in (LINES[0], LINES[4], LINES[1], LINES[4]))
    assert [(q.strip, q.symbol, q.price) for q in parse_strip(text)] == [
        (1, "AIRLINK", 159.05),
        (1, "KOSM", 4.53),
        (2, "AIRLINK", 159.45),
        (2, "KOSM", 4.53),
    ]


def test_a_strip_in_one_long_line_with_text_after_it():
    strip = " ".join(line for line, *_ in LINES[1:5])
    text = f"{strip} {LINES[5][0]}{' and more words' * 20_000}"
    assert [q.symbol for q in parse_strip(text)] == ["AIRLINK", "PTC", "CNERGY", "KOSM", "KSE100"]
    assert without_strip(text).split()[:3] == ["and", "more", "words"]


def test_a_strip_in_markup():
    page = """<!DOCTYPE html><html><body><ul><li><span>AIRLINK</span><span>159.05</span><span>Decreased By</span>
    <i class="arrow">&#9660;</i><span>-3.77</span> <b>(-2.32%)</b></li></ul><p>x</p></body></html>"""
    (quote,) = parse_strip(visible_text(page))
    assert (quote.symbol, quote.price, quote.change, quote.direction, quote.previous_close) == DROP


def test_a_layout_of_ones_own():
    layout = "{symbol} {price} ({change}) {percent}%"
    quotes = parse_strip("ONE 37.70 (-1.40)  -3.58%, TWO 9.20 (0.20) 2.22% THREE 1 (2) 3%", (layout,))
    assert [(q.symbol, q.direction, q.previous_close) for q in quotes] == [("ONE", "down", 39.1), ("TWO", "up", 9.0)]
    for faulty in ("{symbol} {price}", "{symbol} {price} {change} {percent} {colour}", "{symbol} {", ""):
        with pytest.raises(InputError):
            compile_layout(faulty)


def test_indices_are_known_by_their_print():
    assert is_index("KSE100", "KSE100 119,931 Increased By 960.3 (0.81%)")
    assert is_index("ALLSHR", "ALLSHR 75,211 Increased By 191 (0.25%)")
    assert is_index("KMI30", "KMI30 46,301.23 Increased By ▲ 203.55 (0.44%)")
    assert not is_index("NESTLE", "NESTLE 7,500.00 Increased By ▲ 10.00 (0.13%)")
    assert not is_index("LAMP", "LAMP 312,50 ▲ 3,50 (1,13%)")
    assert not is_index("LAMP", "LAMP 7 000,50 ▲ 50,25 (0,72%)")


@settings(deadline=None)
@given(st.text())
def test_any_text_is_survived(text):
    assert isinstance(parse_strip(text), list)


@pytest.mark.parametrize(
    "unit", ["A ", "A 1 ", "A 1 No Change ", "A 1 Increased By ▲ 1 (", "1,111", "A" * 9, "&#9660;"]
)
def test_long_nonsense_comes_to_an_end(unit):
    text = unit * (200_000 // len(unit))  # at quadratic cost this would run for minutes
    assert parse_strip(text) == []
    assert unread_quotes(f"{text} %") == []


@pytest.mark.parametrize(
    ("text", "quotes"),
    [
        ("AIRLINK PKR 1,234.50 Increased By ▲ 34.50 (2.88%)", [("AIRLINK", 1234.5, 34.5)]),
        ("HBL Rs. 120.50 Increased By ▲ 0.50 (0.42%)", [("HBL", 120.5, 0.5)]),
        ("USD/PKR 281.50 Decreased By ▼ -0.22 (-0.08%)", [("USD/PKR", 281.5, -0.22)]),
        ("^KSE 118,220.12 Decreased By -750.01 (-0.63%)", [("^KSE", 118220.12, -750.01)]),
        ("BRK.B 412.30 Increased By ▲ 2.30 (0.56%)", [("BRK.B", 412.3, 2.3)]),
        ("RDS/A 50.00 ▲ 1.00 (2.04%)", [("RDS/A", 50.0, 1.0)]),
        ("0700.HK 385.20 ▲ 5.20 (1.37%)", [("0700.HK", 385.2, 5.2)]),
        ("600519.SS 1,500.00 ▲ 10.00 (0.67%)", [("600519.SS", 1500.0, 10.0)]),
        ("AAPL 189.50 ▼ 1.20 (0.63%)", [("AAPL", 189.5, -1.2)]),
        ("AAPL $189.50 +1.20 (+0.64%)", [("AAPL", 189.5, 1.2)]),
        ("AAPL 189.50 1.20 (0.64%)", []),
        ("THYAO 312,50 ▲ 3,50 (%1,13)", [("THYAO", 312.5, 3.5)]),
        ("SAP 1.234,50 +34,50 (+2,88 %)", [("SAP", 1234.5, 34.5)]),
        ("**AIRLINK** 159.05 Decreased By ▼ **-3.77** (-2.32%)", [("AIRLINK", 159.05, -3.77)]),
        ("<b>AIRLINK</b> 159.05 <i>Decreased By</i> ▼ -3.77 (-2.32%)", [("AIRLINK", 159.05, -3.77)]),
        (
            "AIRLINK 159.05Decreased By▼-3.77(-2.32%)BOP 10.10Increased By▲0.26(2.64%)",
            [("AIRLINK", 159.05, -3.77), ("BOP", 10.1, 0.26)],
        ),
        (".SPX 5,300.10 Decreased By ▼ -12.10 (-0.23%)", [(".SPX", 5300.1, -12.1)]),
        ("LAMP 159.05 Decreased By ▼ $-3.77 (-2.32%)", [("LAMP", 159.05, -3.77)]),
        ("LAMP 190.00 -$1.90 (-0.99%)", [("LAMP", 190.0, -1.9)]),
        ("LAMP 78.32p ▲ 0.52p (0.67%)", [("LAMP", 78.32, 0.52)]),
        ("LAMP 159.05 Decreased By ▼ (3.77) (2.32%)", [("LAMP", 159.05, -3.77)]),
        ("LAMP 159.05 (3.77) (2.32%)", [("LAMP", 159.05, -3.77)]),
        ("LAMP 7 000,50 ▲ 50,25 (0,72%)", [("LAMP", 7000.5, 50.25)]),
        ("LAMP 7\u202f000,50 -50,25 (-0,71 %)", [("LAMP", 7000.5, -50.25)]),
        ("LAMP 190.00 -1.90 (0.99%)", [("LAMP", 190.0, -1.9)]),
        ("LAMP 420.10 +2.10 +0.50%", [("LAMP", 420.1, 2.1)]),
        ("LAMP 420.10 +2.10 +0.50", []),
        ("LAMP 10.00 ▲ 0.00 (0%)", [("LAMP", 10.0, 0.0)]),
        ("Close: PKR 281.50 Decreased By -0.22 (-0.08%)", []),
        ("KSE 100 118,220 Increased By 750 (0.64%)", []),
    ],
)
def test_a_strips_words_are_not_symbols(text, quotes):
    assert [(quote.symbol, quote.price, quote.change) for quote in parse_strip(text)] == quotes


UNREAD = [
    ("LAMP 159.05 Increased By ▲ -3.77 (-2.32%)", "contradict"),
    ("LAMP 159.05 Decreased By ▼ -3.77 (-3.32%)", "percentage"),
    ("LAMP 190.00 +1.90 (-0.99%)", "contradict"),
    ("LAMP 10.00 ▲ -0.50 (-4.76%)", "contradict"),
    ("LAMP 10.00 ▼ +0.50 (5.26%)", "contradict"),
    ("LAMP 100.05 (0.05) (0.05%)", "brackets"),
    ("LAMP 189.50 1.20 (0.64%)", "no word, arrow or sign"),
    ("LAMP 37.70 (-1.40) -3.58%", "layout"),
    ("LAMP 210.50 up 2.50 (2.20%)", "percentage"),
    ("LAMP | 210.50 | +2.50 | +1.20%", "layout"),
    ("LAMP▲210.50 +2.50 (+1.20%)", "layout"),
    ("Lamp 159.05 Decreased By ▼ -3.77 (-2.32%)", "layout"),
]


@pytest.mark.parametrize(("line", "reason"), UNREAD)
def test_what_looks_like_a_quote_and_is_none_is_told_once_with_its_line(line, reason):
    text = f"Two capitals\n\nAIRLINK 159.45 Increased By ▲ 4.49 (2.9%)\n{line}\n{line}\nplan a pact"
    (unread,) = unread_quotes(text)
    assert (unread.line, unread.line_number) == (line, 4)
    assert reason in unread.reason
    assert [quote.symbol for quote in parse_strip(text)] == ["AIRLINK"]


@pytest.mark.parametrize(
    "text",
    [
        "Sales rose to 5.2 million in 2024 - 3% more (2.1% in all)",
        "Inflation was 3.2 per cent, 4.5% (core) in May 2025 (up 2%)",
        "KSE100 119,931 Increased By 960.3 (0.81%)",
        "LAMP 1.00 -0.50 -4.76",
    ],
)
def test_running_text_and_quotes_that_are_read_are_not_told(text):
    assert unread_quotes(text) == []


def test_what_is_no_quote_keeps_its_signs():
    text = "两国签署协议，贸易增长５％。 LAMP １２.５０ ▲ ０.５０ (４.１７％) 完"
    assert " ".join(without_strip(text).split()) == "两国签署协议，贸易增长５％。 完"
