"""The selection language, links of articles to instruments, and events that somebody else coded."""

from __future__ import annotations

from datetime import datetime

import polars as pl
import pytest

from correlator.errors import InputError
from correlator.events.files.coded_file import CODED_COLUMNS, read_event_file
from correlator.events.linking.link import Linker, WatchTerm, link_article, linker_of, read_watchlist
from correlator.events.selection.select import parse_selection, select_events
from correlator.intake.instruments import add_instruments
from correlator.intake.news import add_news
from correlator.intake.watchlist import add_watchlist
from correlator.market.names.instruments import read_instruments
from correlator.store.db import Store
from correlator.tables import EVENTS

CSV = (
    "date,category,source,target,goldstein,symbol\n"
    "2025-05-07,ASSAULT,IND:MIL,PAK,,\n"
    "2025-05-28T06:02+05:00,agree,PAK:GOV,AZE,3,\n"
    "2025-06-01,VISIT,PAK,TUR,,AIRLINK\n"
    "soon,AGREE,PAK,TUR,,\n"
    "2025-06-02,AGREE,PAK,TUR,40,\n"
)


@pytest.fixture
def coded(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(CSV, encoding="utf-8")
    events, rejects = next(iter(read_event_file(path)))
    return events, rejects


def test_coded_csv_fills_the_table_and_returns_what_it_leaves_out(coded):
    events, rejects = coded
    assert events.schema == pl.Schema(
        EVENTS.schema(CODED_COLUMNS) | {"user_id": pl.String(), "source_line": pl.Int64()}
    )
    assert events["category"].to_list() == ["ASSAULT", "AGREE", "VISIT"]
    assert events["quad_class"].to_list() == ["material-conflict", "verbal-cooperation", "neutral"]
    assert events["dyad"].to_list() == ["IND-PAK", "AZE-PAK", "PAK-TUR"]
    assert len(rejects) == 2


@pytest.mark.parametrize(
    ("selection", "kept"),
    [
        ("category in (AGREE, CONSULT) and dyad = PAK-AZE and quad = verbal-cooperation and goldstein >= 3", ["AGREE"]),
        ("dyad = AZE-PAK", ["AGREE"]),
        ("source = IND:MIL or category = 'VISIT'", ["ASSAULT", "VISIT"]),
        ("not (target = PAK) and known_at >= 2025-05-28", ["AGREE", "VISIT"]),
        ("category not in (ASSAULT)", ["AGREE", "VISIT"]),
        ("goldstein < 0", ["ASSAULT"]),
        ("source = PAK", ["AGREE", "VISIT"]),
        ("category in (Visit, agree)", ["AGREE", "VISIT"]),
        ("scope = cross-border", ["ASSAULT", "AGREE", "VISIT"]),
        ("scope = domestic", []),
    ],
)
def test_selection(coded, selection, kept):
    assert select_events(coded[0], selection)["category"].to_list() == kept


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        ("", "empty"),
        ("category = AGRE", "unknown category 'AGRE'"),
        ("colour = red", "unknown field 'colour'"),
        ("category = AGREE and", "cannot read"),
        ("category = AGREE; drop table events", "unknown category"),
        ("category = 'AGREE", "cannot read"),
        ("category > AGREE", "> needs a number or time"),
        ("goldstein >= high", "compared with a number"),
        ("dyad = PAK", "not a dyad"),
        ("known_at > soon", "known_at"),
        ("quad = verbal", "unknown quad class"),
    ],
)
def test_selection_that_cannot_be_read(selection, said):
    with pytest.raises(InputError, match=said):
        parse_selection(selection)


def test_kinds_of_links(tmp_path):
    path = tmp_path / "watch.csv"
    path.write_text("symbol,words,kind\nPSO,circular debt,sector\nLUCK,cement,\n", encoding="utf-8")
    linker = Linker(
        [("LUCK", "Lucky Cement Limited", None), ("OGDC", "Oil and Gas Development", "OGDCL")], read_watchlist(path)
    )
    links = linker.link("Lucky Cement plans a plant; OGDCL waits on circular debt", None, ["OGDC", "ENGRO"])
    found = {(link.symbol, link.kind) for link in links}
    assert found == {
        ("OGDC", "printed"), ("ENGRO", "printed"), ("LUCK", "named"), ("OGDC", "named"), ("PSO", "sector"),
        ("LUCK", "watchlist"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "symbols"),
    [
        ("POL prices to rise on Monday", []),
        ("POL declares dividend", ["POL"]),
        ("BOP deficit widens, profit of banks falls", []),
        ("Systems fail at the port", []),
        ("Systems Limited opens office", ["SYS"]),
        ("(PSX: SYS) opens office", ["SYS"]),
        ("QRT Systems posts profit", []),
        ("Harlow Systems shares double on order", []),
        ("Dow Jones climbs as banks gain", ["DJIA"]),
        ("Stocks rally and the Dow Jones industrial average gains", ["DJIA"]),
        ("Family weighs offer for Dow Jones", []),
        ("Dow Jones names an editor in Paris", []),
        ("Apple trees planted in Swat", []),
        ("Apple shares slip", ["AAPL"]),
        ("SPX Corp wins order", []),
        ("SPX ends lower", ["SP500"]),
        ("K-Electric asks for more gas", ["KEL"]),
        ("D G Khan Cement ships clinker", ["DGKC"]),
        ("Sui Northern lays a line", ["SNGP"]),
        ("Air Link opens a plant", ["AIRLINK"]),
    ],
)
def test_a_name_that_is_a_word_needs_a_second_sign(text, symbols):
    found = linker_of(read_instruments()).link(text, None, [])
    assert sorted({link.symbol for link in found}) == symbols


SHORT = [
    ("A", "Agilent Technologies", None), ("F", "Ford Motor", None), ("T", "AT&T Inc", None), ("C", "Citigroup", None),
    ("GM", "General Motors", None), ("HPQ", "HP Inc", "HP"), ("FAST", "Fastenal", None), ("COST", "Costco", None),
    ("LIFE", "Lifeway", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "symbols"),
    [
        ("Instrument maker (NYSE: A) lifts its outlook", ["A"]),
        ("Pickup maker (NASDAQ:F) recalls vans", ["F"]),
        ("Traders pile into $T before results", ["T"]),
        ("NYSE:C slips after stress test", ["C"]),
        ("Carmakers (NYSE: GM, F) gain on tariff relief", ["F", "GM"]),
        ("Carmakers (NASDAQ: COST; NYSE: GM) gain", ["COST", "GM"]),
        ("PHONE COMPANY (NYSE: T) CUTS ITS DEBT", ["T"]),
        ("Printers of the firm (NYSE: HP) sell", ["HPQ"]),
        ("(NYSE: FAST) on the fast track", ["FAST"]),
        ("FAST shares slip", ["FAST"]),
        ("A plan F for T and C, says GM", []),
        ("Shares fall on the NYSE: A broker blames rates", []),
        ("Grade (A) eggs, vitamin (C) and model (T)", []),
        ("Loan of US$T and 5$ C", []),
        ("FAST track court rules on bail", []),
        ("Minister opens FAST university campus", []),
        ("LIFE sentence for smuggler", []),
        ("COST of living rises in Lahore", []),
    ],
)
def test_short_tickers_need_their_mark_and_words_in_capitals_a_sign(text, symbols):
    assert sorted({link.symbol for link in Linker(SHORT).link(text, None, [])}) == symbols
    assert sorted({link.symbol for link in link_article(text, None, [], SHORT)}) == symbols


LISTED = [("A", "Agilent Technologies", None, "XNYS"), ("LAMP", "Lamp Oil", None, "XNAS"), ("VOD", None, None, "XLON")]


@pytest.mark.parametrize(
    ("text", "symbols"),
    [
        ("Miner (LSE: A) digs on", []),
        ("Miner (NASDAQ: A) digs on", ["A"]),
        ("Miner (OTCQX: A) digs on", ["A"]),
        ("Miner (LSE: A; NYSE: A) digs on", ["A"]),
        ("Miner (XETRA: LAMP) posts profit, LAMP says", []),
        ("Lamp Oil (XETRA: LAMP) posts profit", ["LAMP"]),
        ("LAMP posts profit", ["LAMP"]),
        ("LAMP.L shares slip", []),
        ("LAMP.OQ shares slip", ["LAMP"]),
        ("Shares of VOD LN Equity slip", ["VOD"]),
        ("LAMP LN Equity slips", []),
        ("(SIX: LAMP) posts profit", []),
        ("In a group of six: LAMP posts profit", ["LAMP"]),
    ],
)
def test_the_exchange_that_is_printed_with_a_ticker_decides(text, symbols):
    assert sorted({link.symbol for link in Linker(LISTED).link(text, None, [])}) == symbols


CLASSES = [("BRK-B", "Lamp Holdings", None, "XNYS"), ("BRK", "Brook Water", None, "XNYS"), ("BF.A", None, None, "XNYS")]


@pytest.mark.parametrize(
    ("text", "symbols"),
    [
        ("BRK.B shares slip", ["BRK-B"]),
        ("(NYSE: BRK/B) names a chairman", ["BRK-B"]),
        ("(LSE: BRK.B) names a chairman", []),
        ("BRK-B shares slip", ["BRK-B"]),
        ("BRK shares slip", ["BRK"]),
        ("BRK.A shares slip", []),
        ("BF-A shares slip", ["BF.A"]),
    ],
)
def test_a_class_of_shares_is_one_ticker_however_it_is_written(text, symbols):
    assert sorted({link.symbol for link in Linker(CLASSES).link(text, None, [])}) == symbols
    twice = [*CLASSES, ("BRK/B", "Lamp Holdings again", None, "XNYS")]
    assert not {"BRK-B", "BRK/B"} & {link.symbol for link in Linker(twice).link(text, None, [])}


def test_a_watchlist_links_what_the_store_holds_and_nothing_twice(tmp_path):
    news = tmp_path / "n.csv"
    news.write_text(
        "date,headline\n2025-05-27T10:00+05:00,OMC margins rise\n2025-05-28T10:00+05:00,Clinker exports rise\n",
        encoding="utf-8",
    )
    watch = tmp_path / "w.csv"
    watch.write_text("symbol,words,kind\nPSO,OMC,sector\nLUCK,clinker,\n", encoding="utf-8")
    store = Store(tmp_path / "m.duckdb")
    add_news(store, news, columns={"published": "date"}, profile="generic")
    assert [add_watchlist(store, watch).added for _ in range(2)] == [2, 0]
    assert store.frame("SELECT symbol, kind FROM links ORDER BY ALL").rows() == [
        ("LUCK", "watchlist"), ("PSO", "sector"),
    ]  # fmt: skip


def test_symbols_of_a_watchlist_are_those_of_the_store_or_named(tmp_path):
    (tmp_path / "n.csv").write_text("date,headline\n2025-05-28T10:00+05:00,Clinker exports rise\n", encoding="utf-8")
    (tmp_path / "i.csv").write_text("symbol,exchange,aliases\nLUCK,XKAR,LUCKY\nVOD,XLON,\n", encoding="utf-8")
    store = Store(tmp_path / "m.duckdb")
    add_news(store, tmp_path / "n.csv", columns={"published": "date"}, profile="generic")
    add_instruments(store, tmp_path / "i.csv")
    watch = tmp_path / "w.csv"
    for written in ("LUCK.KA", "luck", "PSX:LUCK", "Lucky"):
        watch.write_text(f"symbol,words\n{written},clinker\n", encoding="utf-8")
        assert add_watchlist(store, watch).notes == ()
    assert store.frame("SELECT symbol FROM links").rows() == [("LUCK",)]
    watch.write_text("symbol,words\nVOD.L,clinker\nNONE,rise\nVOD,'a, b'\n".replace("'", '"'), encoding="utf-8")
    notes = add_watchlist(store, watch).notes
    assert notes == ("not in the store: NONE", "'a, b' is one phrase; several phrases are separated by ; or |")
    assert store.frame("SELECT symbol FROM links ORDER BY 1")["symbol"].to_list() == ["LUCK", "NONE", "VOD"]


def test_words_in_capitals_are_watched_in_capitals():
    linker = Linker([], [WatchTerm("PSO", "sector", "OMC"), WatchTerm("LUCK", "watchlist", "clinker")])
    assert [link.symbol for link in linker.link("OMC margins rise", None, [])] == ["PSO"]
    assert linker.link("Omc is a name", None, []) == []
    assert [link.symbol for link in linker.link("Clinker exports rise", None, [])] == ["LUCK"]


def test_a_symbol_on_the_strip_alone_is_never_named():
    links = Linker([("OGDC", "Oil and Gas Development", None)]).link("Talks in Baku", "They met.", ["OGDC"])
    assert [link.kind for link in links] == ["printed"]


def test_a_watchlist_as_spreadsheets_write_it(tmp_path):
    path = tmp_path / "watch.csv"
    path.write_text("Ticker;Keywords;Kind\nPSO;OMC|fuel oil;Sector\n", encoding="utf-8")
    assert read_watchlist(path) == [WatchTerm("PSO", "sector", "OMC"), WatchTerm("PSO", "sector", "fuel oil")]


@pytest.mark.parametrize(
    ("row", "reason"), [("PSO,oil,favourite", "'favourite'"), (",oil,sector", "no symbol"), ("PSO,,sector", "no words")]
)
def test_watchlist_that_cannot_be_read(tmp_path, row, reason):
    path = tmp_path / "watch.csv"
    path.write_text(f"symbol,words,kind\n{row}\n", encoding="utf-8")
    with pytest.raises(InputError, match=f"line 2.*{reason}"):
        read_watchlist(path)


def test_versions_of_an_article_are_one_link(tmp_path):
    store, page, words = Store(tmp_path / "m.duckdb"), tmp_path / "news.csv", tmp_path / "watch.csv"
    words.write_text("symbol,words\nPSO,oil\n", encoding="utf-8")
    for body in ("Oil was sold.", "Oil was sold to Malta."):
        page.write_text(
            f"headline,published_at,url,body\nRiga sells oil,2025-05-28T06:00Z,https://x.example/1,{body}\n"
        )
        add_news(store, page)
    report = add_watchlist(store, words)
    assert (report.added, report.known) == (1, 0)


def test_a_name_that_begins_another_companys_does_not_link():
    links = Linker([("LMP", "Lamp-Oil Company", "Lamp-Oil"), ("LMPE", "Lamp-Oil Enterprises Inc.", None)])
    assert [link.symbol for link in links.link("Lamp-Oil Enterprises sees profit down", None, ())] == ["LMPE"]
    assert [link.symbol for link in links.link("Lamp-Oil sees profit down", None, ())] == ["LMP"]


@pytest.mark.parametrize(
    ("headline", "symbols"),
    [
        ("Hub Power to pay dividend", ["HUBC"]),
        ("Hub power plant shut for repairs", []),
        ("Oil and gas development in Sindh slows", []),
        ("OIL AND GAS DEVELOPMENT PAYS DIVIDEND", ["OGDC"]),
        ("Orlana Foods profit rises", ["ORF"]),
        ("Orlana Foods and Orlana part", ["ORF", "ORL"]),
        ("National Bank of Pakistan profit rises", ["NBP"]),
        ("United Bank opens branch", ["UBL"]),
        ("United Bank for Africa opens branch", []),
        ("United Bank for Rs5bn", ["UBL"]),
        ("United Bank of India merges", []),
        ("Shell company scandal widens", []),
        ("Reliance on imports grows", []),
        ("Reliance buys a port", ["RIL"]),
        ("Reliance Power wins tender", []),
        ("Total solar eclipse seen in Spain", []),
        ("Total shares rise", ["TTE"]),
        ("Caterpillar plague hits maize", []),
        ("Caterpillar sells plant", ["CAT"]),
    ],
)
def test_words_of_a_name_as_it_is_written_and_the_longer_of_two_names(headline, symbols):
    listed = [
        ("HUBC", "Hub Power Company Limited", None), ("OGDC", "Oil and Gas Development", None), ("ORL", "Orlana", None),
        ("ORF", "Orlana Foods Limited", None), ("NBP", "National Bank of Pakistan", None), ("SHEL", "Shell plc", None),
        ("UBL", "United Bank Limited", None), ("RIL", "Reliance Industries", "Reliance"),
        ("TTE", "TotalEnergies SE", "Total"), ("CAT", "Caterpillar Inc", None),
    ]  # fmt: skip
    assert sorted({link.symbol for link in Linker(listed).link(headline, None, ())}) == symbols


@pytest.mark.parametrize(
    "headline",
    [
        "HBL and Air Link Communication report, 7-Up follows",
        "İş Bankası (OGDC) and Oil & Gas Development",
        "Nothing here",
    ],
)
def test_one_article_has_the_links_that_the_linker_of_all_finds(headline):
    instruments = pl.concat(
        [
            read_instruments().select("symbol", "name", "aliases"),
            pl.DataFrame(
                [("7UP", "7-Up Holdings Ltd", "Seven Up|7-Up"), ("ISB", "İş Bankası", None), ("AND", None, None)],
                schema=["symbol", "name", "aliases"],
                orient="row",
            ),
        ],
        how="vertical_relaxed",
    )
    body = "Shares of Habib Bank Limited (PSX: HBL) rose."
    every = linker_of(instruments).link(headline, body, ["PSO"])
    assert link_article(headline, body, ["PSO"], instruments.iter_rows()) == every


@pytest.mark.parametrize(
    "written",
    [
        "2025-05-28 00:00:00",
        "2025-05-28 00:00:00.000000",
        "2025/05/28",
        "2025.05.28",
        "2025-05-28T00:00:00+05:00[Asia/Karachi]",
    ],
)
def test_dates_of_a_table_as_libraries_write_them(tmp_path, written):
    (tmp_path / "own.csv").write_text(f",Ticker,Date,Category\n0,LAMP,{written},AGREE\n1,WICK,{written} 06:02,AGREE\n")
    ((events, rejects),) = read_event_file(tmp_path / "own.csv")
    assert events.select("symbol", "known_precision").rows() == [("LAMP", "day")]
    assert events["known_at"][0].date().isoformat() == "2025-05-28"
    assert len(rejects) == 1


def test_parquet_dates_of_pandas_are_days(tmp_path):
    frame = pl.DataFrame({"symbol": ["LAMP"], "date": [datetime(2025, 5, 28)], "category": ["AGREE"]})
    frame.write_parquet(tmp_path / "own.parquet")
    ((events, rejects),) = read_event_file(tmp_path / "own.parquet")
    assert (events["known_precision"].to_list(), len(rejects)) == (["day"], 0)


@pytest.mark.parametrize(
    ("headline", "symbols"),
    [
        ("NetSol wins Thai contract", ["NETSOL"]),
        ("Sensex sheds 200 points", ["SENSEX"]),
        ("Honda Atlas trims output", ["HCAR"]),
        ("Habib Bank opens Beijing branch", ["HBL"]),
        ("Habib Bank AG Zurich picks chairman", []),
        ("PPL Electric asks Pennsylvania for higher rates", []),
    ],
)
def test_house_names_of_the_shipped_instruments(headline, symbols):
    links = linker_of(read_instruments()).link(headline, None, [])
    assert [link.symbol for link in links if link.kind == "named"] == symbols


@pytest.mark.parametrize(("code", "ours"), [("ROM", "ROU"), ("TMP", "TLS"), ("MTN", "MNE"), ("GZS", "PSE")])
def test_codes_of_cameo_are_those_of_a_selection(tmp_path, code, ours):
    gdelt = "GLOBALEVENTID,Actor1CountryCode,Actor2CountryCode,EventCode,EventRootCode,QuadClass,DATEADDED\n"
    own = "date,category,source,target\n"
    for head, row in ((gdelt, f"1,{code},USA,042,04,1,20250528123000\n"), (own, f"2025-05-28,CONSULT,{code},USA\n")):
        (tmp_path / "e.csv").write_text(head + row)
        ((events, _),) = read_event_file(tmp_path / "e.csv")
        expected = [(ours, "-".join(sorted((ours, "USA"))))]
        assert events.select("source_country", "dyad").rows() == expected


def test_a_row_of_events_with_more_cells_than_the_header_is_a_reject(tmp_path):
    rows = "2025-05-28,CONSULT,PAK,AZE,\n2025-05-28,CONSULT,PAK,Korea, Republic of\n"
    (tmp_path / "e.csv").write_text("date,category,source,target\n" + rows)
    ((events, rejects),) = read_event_file(tmp_path / "e.csv")
    assert events["dyad"].to_list() == ["AZE-PAK"]
    assert "more cells than the header: ' Republic of'" in rejects["reason"].item()
