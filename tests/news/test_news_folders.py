"""Tables in a folder or archive, a file per day: what all of them show decides how each is read."""

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from correlator.news.read import read_news


def read(source, **options):
    batches = [*read_news(source, **options)]
    return tuple(pl.concat([getattr(batch, frame) for batch in batches]) for frame in ("articles", "rejects"))


@pytest.fixture(params=["folder", "zip"])
def kept(request, tmp_path):
    """Return a function that keeps files, and returns the source that has them all."""

    def keep(files):
        if request.param == "zip":
            with zipfile.ZipFile(tmp_path / "days.zip", "w") as archive:
                for name, text in files.items():
                    archive.writestr(name, text)
            return tmp_path / "days.zip"
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        return tmp_path

    return keep


def test_the_order_of_day_and_month_is_that_of_all_files(kept):
    source = kept({
        "a.csv": "title,date\nLamp cuts rates,05/06/2025 10:00 UTC\n",
        "b.csv": "title,date\nLamp holds rates,28/05/2025 10:00 UTC\n",
    })  # fmt: skip
    articles, rejects = read(source)
    assert rejects.is_empty()
    assert articles["published_at"].to_list() == [
        datetime(2025, 6, 5, 10, tzinfo=UTC),
        datetime(2025, 5, 28, 10, tzinfo=UTC),
    ]


def test_files_that_contradict_each_other_show_no_order(kept):
    source = kept({
        "a.csv": "title,date\nLamp cuts rates,05/28/2025\nLamp cuts,05/06/2025\n",
        "b.csv": "title,date\nLamp holds rates,28/05/2025\nLamp holds,06/05/2025\n",
    })  # fmt: skip
    articles, rejects = read(source)
    assert (articles.height, rejects.height) == (2, 2)
    assert rejects["reason"].str.contains("ambiguous").all()


@pytest.mark.parametrize("form", ["csv", "json", "jsonl"])
def test_midnights_of_a_zone_on_one_day_each_are_dates(kept, form):
    rows = {day: {"title": f"Lamp note {day}", "published": f"2025-03-{day:02}T16:00:00Z"} for day in range(3, 14)}
    write = {
        "csv": lambda row: "title,published\n" + ",".join(row.values()) + "\n",
        "json": lambda row: json.dumps([row]),
        "jsonl": json.dumps,
    }[form]
    with pytest.warns(UserWarning, match="midnight in Asia/Shanghai are read as dates"):
        articles, _ = read(kept({f"{day:02}.{form}": write(row) for day, row in rows.items()}))
    assert set(articles["published_precision"]) == {"day"}
    assert articles["published_at"].min() == datetime(2025, 3, 4, tzinfo=UTC)


def test_publishers_of_several_zones_share_no_clock(kept):
    source = kept({
        "a.csv": "title,published,url\nLamp cuts,2025-05-28 10:00,https://www.brecorder.com/news/1\n",
        "b.csv": "title,published,url\nLamp holds,2025-05-28 10:00,https://tass.com/politics/1\n",
    })  # fmt: skip
    articles, rejects = read(source)
    assert (articles.height, rejects.height) == (0, 2)


def test_a_file_without_the_column_that_is_the_time_of_others_is_refused(kept):
    source = kept({
        "a.jsonl": '{"title": "Lamp cuts", "published_at": "2025-05-28T10:00:00Z", "date": "2025-05-20T10:00:00Z"}',
        "b.jsonl": '{"title": "Lamp holds", "date": "2025-05-20T10:00:00Z"}',
    })  # fmt: skip
    articles, rejects = read(source)
    assert articles["headline"].to_list() == ["Lamp cuts"]
    assert "its times would be those of column 'date', but a.jsonl" in rejects["reason"].item()


def test_a_file_whose_times_have_no_zone_beside_others_in_one_is_refused(kept):
    source = kept({
        "a.csv": "title,date,time (ET)\nLamp cuts,2025-05-28,10:00\n",
        "b.csv": "title,date,time\nLamp holds,2025-05-28,10:00\n",
    })  # fmt: skip
    articles, rejects = read(source)
    assert articles["headline"].to_list() == ["Lamp cuts"]
    assert "no zone, those of a.csv are in America/New_York" in rejects["reason"].item()


def test_files_of_other_layouts_are_read_for_themselves(kept):
    source = kept({
        "a.csv": "title,date\nLamp cuts,05/28/2025\n",
        "b.csv": "headline,published\nLamp holds,28/05/2025\n",
        "c.txt": "no page",
    })  # fmt: skip
    articles, rejects = read(source)
    assert (articles.height, rejects.height) == (2, 1)


def test_a_member_of_an_archive_is_called_by_its_own_name(tmp_path):
    with zipfile.ZipFile(tmp_path / "days.zip", "w") as archive:
        archive.writestr("mon.csv", "title,date\nLamp cuts,2025-05-28\n")
        archive.writestr("tue.csv", "title,date\nL\xe4mpchen,2025-05-28\n".encode("cp1252"))
        archive.writestr("wed.csv", "")
    _, rejects = read(tmp_path / "days.zip")
    assert [Path(source).name for source in rejects["source"]] == ["tue.csv", "wed.csv"]
    assert rejects["reason"][0].startswith("line 2 is not UTF-8 text")
    assert rejects["reason"][1] == "the file is empty"
