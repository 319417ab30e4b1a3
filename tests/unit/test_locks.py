"""Locks of files: held by one, asked for without waiting, and granted where the file system has none."""

import errno
import fcntl

from correlator.base.locks import locks


def test_a_lock_is_held_until_its_file_is_closed(tmp_path):
    path = tmp_path / "lock"
    with path.open("w") as first, path.open("a") as second:
        assert locks(first)
        assert not locks(second)
        assert not locks(second, shared=True)
    with path.open("a") as third, path.open("a") as fourth:
        assert locks(third, shared=True)
        assert locks(fourth, shared=True)


def test_a_file_system_without_locks_grants_all(tmp_path, monkeypatch):
    def none(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    with (tmp_path / "lock").open("w") as file:
        assert locks(file)
