"""An output is whole or not there, never lands on a store, and leaves what was there where it cannot be written."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import tempfile

import polars as pl
import pytest

from correlator.base import files
from correlator.base.files import replacing, temporary_folder, write_atomically
from correlator.errors import InputError, NotFoundError
from correlator.eventstudy.parts.stream import write_frames
from correlator.store.db import Store


@pytest.fixture
def target(tmp_path):
    path = tmp_path / "out[1].csv"
    path.write_text("before")
    return path


def write_parquet(path, _):
    write_frames([pl.DataFrame({"n": [1]})], path)


@pytest.mark.parametrize("write", [write_atomically, write_parquet])
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_leaves_the_earlier_file_whole_and_nothing_beside(target, monkeypatch, write, step):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full) if step == "fsync" else monkeypatch.setattr(files.Path, "replace", full)
    with pytest.raises(InputError, match="cannot be written: No space left on device"):
        write(target, b"after")
    assert target.read_text() == "before"
    assert os.listdir(target.parent) == [target.name]


def test_a_block_that_fails_leaves_the_earlier_file(target):
    def fail():
        with replacing(target) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert target.read_text() == "before"
    assert os.listdir(target.parent) == [target.name]


def test_mode_and_links_stay(target, tmp_path):
    target.chmod(0o640)
    link = tmp_path / "link.csv"
    link.symlink_to(target.name)
    write_atomically(link, "after")
    assert link.is_symlink()
    assert target.read_text() == "after"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_no_output_goes_onto_a_store_or_its_journal(tmp_path):
    store = Store(tmp_path / "m.duckdb")
    with store.transaction():
        pass
    (tmp_path / "m.duckdb.wal").write_bytes(b"journal")
    for name in ("m.duckdb", "m.duckdb.wal"):
        before = (tmp_path / name).read_bytes()
        with pytest.raises(InputError, match="is a DuckDB database and is not overwritten"):
            write_atomically(tmp_path / name, "x")
        assert (tmp_path / name).read_bytes() == before


def test_devices_are_written_to_and_folders_refused(tmp_path):
    write_atomically(os.devnull, "x")
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)
    with pytest.raises(InputError, match="is a folder"):
        write_atomically(tmp_path, "x")
    with pytest.raises(NotFoundError, match="does not exist"):
        write_atomically(tmp_path / "no" / "a.csv", "x")


def test_what_killed_processes_left_is_swept(target, tmp_path, monkeypatch):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    for pid in (gone.pid, os.getppid()):
        (tmp_path / f".{target.name}.{pid}.partial").touch()
    write_atomically(target, "after")
    assert not (tmp_path / f".{target.name}.{gone.pid}.partial").exists()
    assert (tmp_path / f".{target.name}.{os.getppid()}.partial").exists()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    slices = tmp_path / f"some-report-{gone.pid}-abc"
    slices.mkdir()
    (slices / "slice.duckdb").touch()
    with temporary_folder("some-report") as folder:
        assert folder.is_dir()
        assert not slices.exists()
    assert not folder.exists()
