"""Stories are events told again, not words met again: who did what to whom decides."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from correlator.news.stories.joining import cluster_stories, compared, differ
from correlator.news.stories.pairs import FEATURES, alike, weights
from correlator.news.stories.senses import by_object
from correlator.news.stories.words import headline_words, main_clause, meant

ROOT = Path(__file__).parents[2]
DAY = datetime(2025, 5, 28, 6, tzinfo=UTC)


def stories(*rows):
    frame = pl.DataFrame(
        [(headline, DAY + timedelta(hours=hours)) for headline, hours in rows],
        schema={"headline": pl.String, "published_at": pl.Datetime("us", "UTC")},
        orient="row",
    )
    return cluster_stories(frame).to_list()


APART = [
    ("Peru condemns Chilean attack on Quito port", "Peru condemns Chilean attack on Quito airport killing 5"),
    ("Peru, Chile, Ecuador sign grain deal in Quito", "Peru, Chile, Ecuador shelve grain deal in Quito"),
    ("Orlana to buy tool maker Pexton for $600 mln", "Orlana drops plan to buy Pexton for $600 million in stock"),
    ("Riga bank's $6.1 million Tallinn Re bid stalls", "Riga bank's $6.1 billion Tallinn Re bid stalls"),
    ("Malta approves $1bn loan for Latvia", "Malta approves $2bn loan for Latvia"),
    ("Malta approves €1.5m loan for Latvia", "Malta approves €1.5bn loan for Latvia"),
    ("Pexton will use some Orlana engines from Riga", "Pexton may use Orlana jet engines built in Riga"),
    ("INSTANT VIEW: Pexton cuts jobs, debt", "INSTANT VIEW: Pexton cuts 14,000 jobs, halves spending"),
    ("Latvia bans imports from Malta", "Malta bans imports from Latvia"),
    ("latvia bans imports from malta", "malta bans imports from latvia"),
    ("Latvia Bans Imports From Malta", "Malta Bans Imports From Latvia"),
    ("Latvia hit by Malta drone attack", "Malta hit by Latvia drone attack"),
    ("Latvia likely to sign fishing deal with Malta", "Latvia unlikely to sign fishing deal with Malta"),
    ("Latvia signs fishing deal with Malta over ports", "Latvia refuses to sign fishing deal with Malta over ports"),
    ("Latvia may sign fishing deal with Malta", "Latvia signs fishing deal with Malta"),
    ("Latvia denies talks with Malta over ports", "Latvia talks with Malta over ports"),
    ("Latvia and Malta sign gas deal", "Latvia and Iceland sign gas deal"),
    ("Central bank raises rate by 25 basis points", "Central bank raises rate by 50 basis points"),
    ("Two capitals plan a wider trade pact", "Two capitals cancel a wider trade pact"),
    ("Shares open lower in thin trade", "Shares close lower in thin trade"),
    ("Pexton profit rises on theme parks", "Pexton profit falls on theme parks"),
    ("Pexton loss widens on oil", "Pexton loss narrows on oil"),
    ("Pexton Q3 profit rises on theme parks", "Pexton Q4 profit rises on toy sales"),
    ("Pexton profit to rise on theme parks: CEO", "Pexton profit rises on lower costs"),
    ("Pexton profit rises on theme parks", "Orlana profit rises on theme parks"),
    ("Pexton profit rises 9.2 pct on parks", "Pexton profit rises 4.1 pct on toys"),
    ("Orlana to sell $7.5 bln stake to Riga Holding", "Orlana to buy $7.5 bln stake from Riga Holding"),
    ("Orlana to sell 5 pct stake to Riga Holding", "Orlana to sell 5 pct of its port to Riga Holding"),
    ("Latvia to import 5 tonnes of Maltese tuna", "Latvia to import 5 crates of Maltese tuna"),
    ("Riga port to open on Friday after the strike", "Riga port to close on Friday after the strike"),
    ("Envoys downplay report that Riga pact is at risk", "Envoys report that Riga pact is at risk"),
    ("Orlana bookings seen higher in Latvia in August", "Orlana bookings higher in Latvia in August"),
    ("Peru lifts ban on tuna imports from Malta", "Peru imposes ban on tuna imports from Malta"),
    ("Peru bans tuna imports from Malta", "Peru lifts ban on tuna imports from Malta"),
    ("Malta lifts duty on steel imports", "Malta raises duty on steel imports"),
    ("Malta waives tariff on Latvian tea", "Malta slaps tariff on Latvian tea"),
    ("Malta eases sanctions on Riga banks", "Malta tightens sanctions on Riga banks"),
    ("Malta drops sanctions on Riga banks", "Malta extends sanctions on Riga banks"),
    ("Malta suspends curbs on Latvian tea", "Malta keeps curbs on Latvian tea"),
    ("Latvia lifts curfew in Riga province", "Latvia declares curfew in Riga province"),
    ("Embargo on Latvian tea lifted in Malta", "Embargo on Latvian tea imposed in Malta"),
    ("Malta freezes assets of Riga leader", "Malta unfreezes assets of Riga leader"),
    ("Malta lists Orlana unit in Valletta", "Malta delists Orlana unit in Valletta"),
    ("Peru recalls envoy from Riga over tuna", "Peru returns envoy to Riga over tuna"),
    ("Peru frees Latvian journalist in Lima", "Peru jails Latvian journalist in Lima"),
    ("Peru extends deadline for tuna deal with Malta", "Peru ends deadline for tuna deal with Malta"),
    ("Peru reopens border with Ecuador at Tumbes", "Peru shuts border with Ecuador at Tumbes"),
    ("Peru resumes oil exports to Malta", "Peru halts oil exports to Malta"),
    ("Peru accepts truce offer from Quito", "Peru rejects truce offer from Quito"),
    ("Orlana buys field from Pexton in Peru", "Orlana sells field to Pexton in Peru"),
    ("Malta strengthens export controls on chips", "Malta loosens export controls on chips"),
    ("Peru's president to visit Malta next week", "Peru's president visits Malta"),
    ("Orlana declares interim dividend of 2.5 euros", "Orlana declares final dividend of 2.5 euros"),
    ("Orlana half-year profit up 10%", "Orlana nine-month profit up 10%"),
    ("Peso gains 10 cents against dollar in Lima", "Peso gains 10 cents against euro in Lima"),
    ("Agency revises Peru outlook to positive", "Agency revises Peru outlook to negative"),
    ("Peru releases seized tanker", "Peru seizes tanker"),
    ("Orlana net loss at 2.1 bln euros", "Orlana net profit at 2.1 bln euros"),
    ("Peru cuts policy rate to 11%", "Peru keeps policy rate at 11%"),
    ("Peru seizes tanker off Malta", "Chile seizes Peruvian tanker off Malta"),
    ("Peru signs grain treaty with Malta", "Peru to sign grain treaty with Malta tomorrow"),
    ("Riga court grants Orlana licence to mine", "Riga court revokes Orlana licence to mine"),
    ("Peru's president fires bank chief", "Peru's president says won't fire bank chief"),
]
JOINED = [
    ("Peru lifts ban on tuna imports from Malta", "Peru ends ban on tuna imports from Malta"),
    ("Peru lifts ban on tuna imports from Malta", "Ban on tuna imports from Malta scrapped by Peru"),
    ("Malta lifts tariff on Latvian tea to 25 percent", "Malta raises tariff on Latvian tea to 25 percent"),
    ("Orlana lifts profit forecast for year", "Orlana hikes profit forecast for year"),
    ("Orlana lifts stake in Peru field", "Orlana raises stake in Peru field"),
    ("Orlana to buy tool maker Pexton for $600 mln", "Orlana to buy Pexton for $600 million in stock"),
    ("Riga bank's $6.1 Tallinn Re takeover bid stalls", "Riga bank's $6.1 billion Tallinn Re bid stalls"),
    (
        "White House seeks powers to close lenders like Pexton",
        "Obama administration seeks powers to close lenders like Pexton",
    ),
    ("U.S. bans imports of steel from Malta", "US bans imports of steel from Malta"),
    ("Malta to lend Latvia $3 bln for ports", "Malta to lend Latvia $3 billion for ports"),
    ("Malta to lend Latvia $3bn for ports", "Malta to lend Latvia $3 billion for ports"),
    ("Malta bans seafood imports from Latvia", "Malta banned seafood imports from Latvia"),
    ("MALTA BANS IMPORTS FROM LATVIA", "Malta bans imports from Latvia"),
    ("Latvia and Malta sign gas deal", "Malta, Latvia sign gas deal"),
    ("Acme to buy Roadrunner for cash", "Roadrunner to be bought by Acme for cash"),
    ("Acme to cut 24,600 jobs; takes a charge", "Acme to cut 24,600 jobs"),
    ("Acme quarterly profit rises 11 percent", "Acme quarterly profit up 11 pct"),
    ("Regulator probing Acme unit in Riga", "Regulator investigates Acme unit in Riga"),
    ("Shelves were never emptier: Acme chief", "Acme chief: Shelves were never emptier"),
    ("Latvian envoy reaches Valletta for talks", "Latvia's envoy reaches Valletta for talks: sources"),
    ("Pexton profit rises on theme parks, TV networks", "Pexton profit up on Riga cinemas, U.S. theme parks"),
    ("Pexton's fourth-quarter earnings fall", "Pexton's earnings fall as promotions fail"),
    ("Pexton profit hit by dairy prices", "Pexton profit falls on dairy prices"),
    ("Latvia's Pexton H2 profit falls 9.2 pct", "Latvia's Pexton H2 profit falls on wine woes"),
    ("Pexton CEO, CFO leaving company after options probe", "Pexton says CEO, CFO resign after options probe"),
    ("Pexton shares fall as outlook well below Street view", "Pexton outlook well below Wall Street view"),
    ("W.House says Riga heads for deadlock on autos", "White House says Riga heads for deadlock on autos"),
    ("Orlana to sell $7.5 bln stake to Riga Holding", "Orlana to sell $7.5 billion units to Riga Holding group"),
    ("Latvia's grain exports rose 4.50 percent in May", "Latvia's grain exports rise 4.5 percent in May"),
    ("Orlana's Latvian sales fell sharply in March", "Orlana's March sales in Latvia fall sharply"),
    ("Riga sues Orlana to block closures", "Riga sues Orlana to halt closures"),
    ("Peru's president to visit Malta next week", "Peru's president will visit Malta next week, office says"),
    ("Peru frees seized tanker Riga Star", "Peru frees seized tanker Riga Star off Malta"),
    ("Orlana nine-month profit rises 12 pct", "Orlana's 9-month profit up 12%"),
    ("Pexton reworks some debt, Riga plant still at risk", "Pexton reworks some debt"),
    ("Orlana unions urge Pexton talks, shares fall", "Orlana unions press for Pexton talks"),
]


@pytest.mark.parametrize(("one", "two"), APART)
def test_another_event_is_another_story(one, two):
    assert stories((one, 0), (two, 2)) == [0, 1]
    assert stories((two, 0), (one, 2)) == [0, 1]


@pytest.mark.parametrize(("one", "two"), JOINED)
def test_an_event_told_again_is_one_story(one, two):
    assert stories((one, 0), (two, 2)) == [0, 0]
    assert stories((two, 0), (one, 2)) == [0, 0]


@pytest.mark.parametrize(
    ("plan", "done", "apart"),
    [
        ("Malta to lift sanctions on Latvia", "Malta lifts sanctions on Latvia", True),
        ("Malta will send police to Riga", "Malta sends police to Riga", True),
        ("Malta, Latvia to hold talks on tuna ports", "Malta, Latvia hold talks on tuna ports", True),
        ("Malta to send police to Riga", "Malta to send police to Riga soon", False),
        ("Orlana opens a port to Riga ferries", "Orlana opens Riga port to ferries", False),
        ("Orlana to cut 500 jobs in Riga", "Orlana cuts 500 jobs in Riga", False),
    ],
)
def test_what_is_to_be_done_is_done_a_day_later(plan, done, apart):
    assert stories((plan, 0), (done, 20)) == [0, int(apart)]
    assert stories((plan, 0), (done, 2)) == [0, 0]


def test_what_markets_do_each_day_does_not_chain():
    headline = "Wall Street ends higher on bank earnings"
    assert stories((headline, 0), (headline, 3)) == [0, 0]
    assert stories((headline, 0), (headline, 24), (headline, 48)) == [0, 1, 2]


def test_a_headline_that_comes_day_after_day_is_told_anew_each_day():
    headline = "Latvian ferry leaves the harbour of Riga"
    assert stories((headline, 0), (headline, 30)) == [0, 0]
    assert stories((headline, 0), (headline, 24), (headline, 48)) == [0, 1, 2]


def test_no_story_lasts_longer_than_the_window():
    told_again = (("", 0), ("castle", 40), ("castle hall", 80))
    rows = [(f"Latvia signs fishing deal with Malta in Riga {where}", hours) for where, hours in told_again]
    assert len(set(stories(*rows))) == 2
    assert len(set(stories(*rows[:2]))) == len(set(stories(*rows[1:]))) == 1


def test_words_as_they_are_meant():
    assert (
        headline_words("UPDATE 2-U.S. bans $1 bln of imports: sources").words[0]
        == headline_words("US bans imports").words[0]
    )
    assert main_clause("Acme chief: Shelves were never emptier; shares fall") == "Shelves were never emptier"


@pytest.mark.parametrize("headline", [headline for pair in (*APART, *JOINED) for headline in pair])
def test_many_at_once_are_meant_as_one_by_one(headline):
    assert set(meant(pl.Series([headline]))[0].split()) == set(headline_words(headline).words)


def test_a_retelling_joins_only_what_its_first_telling_tells():
    rows = [
        ("Latvia and Malta open fishing talks in Riga", 0),
        ("Latvia and Malta open fishing talks in Riga as storm nears harbour", 2),
        ("Storm nears harbour of Riga as Latvia and Malta open talks", 3),
        ("Storm nears harbour of Riga", 4),
    ]
    assert stories(*rows)[3] != stories(*rows)[0]


def test_no_training_pair_is_of_the_measuring_set():
    measured, fresh, training = (
        set(pl.read_csv(ROOT / "benchmarks" / name).select(pl.concat_list("left", "right").explode()).to_series())
        for name in ("story_labels.csv", "story_labels_fresh.csv", "story_training.csv")
    )
    assert not measured & training
    assert not {name[-8:] for name in fresh} & {name[-8:] for name in measured | training}  # no day in common


def test_every_feature_has_a_weight_and_what_is_told_word_for_word_is_one_event():
    each = headline_words("Latvia bans imports from Malta")
    assert set(FEATURES) < weights().keys()
    assert alike(each, each, hours=0)
    assert alike(each, each, hours=48)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Pakistan raises petrol price by Rs5", "Pakistan raises diesel price by Rs5"),
        ("China sanctions a maker of drones", "China sanctions a maker of chips"),
        ("Iran, Pakistan sign gas deal", "Iran, Pakistan sign border deal"),
        ("Foreign minister visits Tehran", "Finance minister visits Tehran"),
        ("Pakistan and China to hold naval drills", "Pakistan and China to hold air drills"),
        ("India summons Pakistan envoy over drone", "India summons Pakistan envoy over killing"),
        ("India bans onion exports", "India bans sugar exports"),
    ],
)
def test_another_matter_between_the_same_words_is_another_event(one, other):
    articles = pl.DataFrame({"headline": [one, other], "published_at": [DAY, DAY + timedelta(hours=2)]})
    assert cluster_stories(articles).to_list() == [0, 1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Riga treasury declines comment on Orlana aid", "Riga treasury slips on Orlana aid"),
        ("Riga treasury declined to comment on Orlana aid", "Riga treasury falls on Orlana aid"),
        ("Malta's Diaz: inflation expectations have grown", "Malta inflation rises on fuel"),
        ("Malta inflation expectations rise", "Malta inflation rises on fuel"),
        ("Orlana results won't affect Pexton offer", "Orlana profit beats forecasts"),
    ],
)
def test_what_moves_and_what_is_reported_is_told_from_what_only_sounds_like_it(one, other):
    assert stories((one, 0), (other, 2)) == [0, 1]


def test_names_of_several_words_are_names():
    assert headline_words("United States bans cheese from European Union").names == {"usa", "eu"}
    assert headline_words("Malta reports higher net income").names == {"malta"}


@pytest.mark.parametrize("turn", range(3))
@pytest.mark.parametrize("hours", [5, 9, 11])
def test_what_a_day_tells_in_the_same_words_is_one_story(hours, turn):
    told = "Orlana to acquire Pexton in $4 billion deal"
    rows = [("INSTANT VIEW: Orlana to buy Pexton in $4 billion deal", 0), (told, hours), (told, hours + 13.5)]
    assert len(set(stories(*rows[turn:], *rows[:turn]))) == 1


def test_acts_by_one_template_stay_apart():
    """A ministry that agrees with ten countries on ten topics tells a hundred stories."""
    topics, places = ("trade", "energy", "visas", "fishing", "mining", "health"), ("Lahore", "Quetta", "Sukkur")
    headlines = [
        f"Pakistan and {country} agree to expand {topic} through {place}"
        for country in ("Iran", "China", "Qatar")
        for topic in topics
        for place in places
    ]
    times = [DAY + timedelta(minutes=k) for k in range(len(headlines))]
    stories = cluster_stories(pl.DataFrame({"headline": headlines, "published_at": times}))
    assert stories.to_list() == list(range(len(headlines)))


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("Blast in Riga harbour kills 12", "Blast in Riga harbour kills 20"),
        ("Pexton sales rise 2 percent in July", "Pexton July sales rise 2.3 percent"),
        ("Orlana burns $6.9 bln in Riga, to cut costs", "Orlana burns $7 billion in Riga"),
        ("Pexton first-quarter global sales fall 27 pct", "Pexton Q1 global sales fall 27 percent"),
        ("Orlana and Pexton to start new Latvian plant", "Orlana and Pexton to build new Latvian plant"),
        ("Pexton profit falls", "Pexton net profit tops forecasts"),
        ("Pexton results beat view, shares jump", "Pexton posts higher-than-expected profit"),
        ("Jobless claims tick up; Riga factories weaken", "U.S. jobless claims rise 6,000 in latest week"),
        ("Peru lends Chile $2 billion for port", "Chile borrows $2 billion from Peru for port"),
        ("Orlana exports grow more than expected in July", "Orlana exports grow in July"),
        ("Latvia's central bank keeps rates unchanged", "Latvia's central bank keeps rates steady"),
    ],
)
def test_figures_verbs_and_reports_are_told_anew(one, two):
    assert stories((one, 0), (two, 2)) == [0, 0]
    assert stories((two, 0), (one, 2)) == [0, 0]


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("Pexton sales rise 2 percent in July", "Pexton July sales rise 3.2 percent"),
        ("Orlana burns $6.9 mln in Riga", "Orlana burns $6.9 bln in Riga"),
        ("Pexton Q1 global sales fall 27 pct", "Pexton Q2 global sales fall 27 pct"),
        ("Pexton posts profit", "Pexton posts surprise loss"),
        ("U.S. jobless claims fall", "Latvian jobless claims fall"),
        ("U.S. jobless claims fall", "U.S. retail sales fall"),
        ("U.S. durable goods orders seen up in May", "U.S. durable goods orders up in May"),
        ("Peru lends Chile $2 billion for port", "Peru borrows $2 billion from Chile for port"),
        ("Orlana exports expected to grow in July", "Orlana exports grow in July"),
        ("Orlana to cut 500 jobs in Riga", "Orlana to cut 2,000 jobs in Riga"),
        ("Orlana was warned by Pexton over Riga", "Orlana warned Pexton over Riga"),
        ("Orlana invaded by Pexton", "Orlana invaded Pexton"),
        ("Orlana yet to approve loan of Pexton", "Orlana approves loan of Pexton"),
        ("Orlana about to sign pact with Pexton", "Orlana signs pact with Pexton"),
        ("Orlana vows to cut tariffs on tuna", "Orlana cuts tariffs on tuna"),
    ],
)
def test_other_figures_and_reports_stay_apart(one, two):
    assert stories((one, 0), (two, 2)) == [0, 1]
    assert stories((two, 0), (one, 2)) == [0, 1]


def test_a_text_about_results_does_not_report_them():
    assert differ("Pexton profit falls", "Pexton profit slips on weak sales") is False
    assert differ("TIMELINE: Pexton profit falls", "Pexton profit slips on weak sales") is None


def test_stories_do_not_hang_on_the_order_of_rows():
    headlines = [headline for pair in (*APART, *JOINED) for headline in pair]
    rows = [(headline, number * 0.1) for number, headline in enumerate(headlines)]
    times = [DAY + timedelta(hours=hours) for _, hours in rows]
    frame = pl.DataFrame({"headline": headlines, "published_at": times})
    shuffled = frame.with_row_index("row").sample(fraction=1.0, shuffle=True, seed=4)
    straight = cluster_stories(frame).to_list()
    other = shuffled.with_columns(story=cluster_stories(shuffled))
    first = dict(zip(range(len(headlines)), shuffled["row"], strict=True))
    again = {row: first[story] for row, story in other.select("row", "story").rows()}
    assert [again[row] for row in range(len(headlines))] == straight


@pytest.mark.parametrize(
    "headline",
    [
        "Rupee eases on tariff fears",
        "Malta drops plan to impose sanctions",
        "Malta cancels duty-free access",
        "Ban lifted tuna prices",
        "Peru lifts import duty by 5 pct",
        "Police lifted off duty guard",
    ],
)
def test_what_ends_no_burden_keeps_its_verb(headline):
    assert by_object(headline) == headline


def test_main_clauses_of_four_words_are_compared_before_the_whole_headlines():
    one, two = "Iran frees tanker crew after talks with Oman", "Iran releases all sailors after talks in Muscat"
    assert compared(one, two)[0] == ("Iran frees tanker crew", "Iran releases all sailors")
    assert len(compared("Iran frees tanker after talks with Oman", two)) == 1
