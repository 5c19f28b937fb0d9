"""Files written whole: readers see the old content or the new, whatever happens."""

import errno
import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from helpers import files
from helpers.files import replacing, write_whole

ON_WINDOWS = sys.platform == "win32"


def names(folder):
    return sorted(p.name for p in folder.iterdir())


@pytest.mark.parametrize(
    ("content", "expected"),
    [("läßt\r\nsich\n", "läßt\r\nsich\n".encode()), (b"\x00\xff", b"\x00\xff")],
)
def test_the_bytes_on_disk_are_those_given(tmp_path, content, expected):
    write_whole(tmp_path / "a", content)
    write_whole(tmp_path / "a", content)
    assert (tmp_path / "a").read_bytes() == expected
    assert names(tmp_path) == ["a"]


def test_an_error_leaves_the_old_file_and_no_draft(tmp_path):
    path = tmp_path / "a"
    path.write_text("old")
    with pytest.raises(TypeError, match="bytes"), replacing(path) as file:
        file.writelines([b"half", "the other half"])
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a"]


def test_text_that_is_no_text_leaves_the_old_file(tmp_path):
    path = tmp_path / "a"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "\ud800")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a"]


def test_the_draft_is_on_disk_before_it_gets_its_name(tmp_path, monkeypatch):
    order = []
    replace, sync = os.replace, os.fsync
    monkeypatch.setattr(os, "fsync", lambda f: (order.append("sync"), sync(f)))
    monkeypatch.setattr(
        os, "replace", lambda *a: (order.append("replace"), replace(*a))
    )
    write_whole(tmp_path / "a", "x")
    assert order[:2] == ["sync", "replace"]
    order.clear()
    write_whole(tmp_path / "a", "x", durable=False)
    assert order == ["replace"]


@pytest.mark.parametrize("code", ["EINVAL", "ENOTSUP", "ENOSYS"])
def test_a_drive_that_cannot_sync_is_written_all_the_same(tmp_path, monkeypatch, code):
    def refuse(_):
        raise OSError(getattr(errno, code), "not here")

    monkeypatch.setattr(os, "fsync", refuse)
    write_whole(tmp_path / "a", "x")
    assert (tmp_path / "a").read_text() == "x"


def test_a_full_disk_is_an_error(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "a").write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(tmp_path / "a", "x")
    assert (tmp_path / "a").read_text() == "old"
    assert names(tmp_path) == ["a"]


@pytest.mark.skipif(ON_WINDOWS, reason="permissions as POSIX has them")
def test_permissions_are_those_of_any_new_file_or_as_asked(tmp_path):
    (tmp_path / "plain").touch()
    write_whole(tmp_path / "same", "x")
    write_whole(tmp_path / "sealed", "x", mode=0o444)
    write_whole(tmp_path / "sealed", "y", mode=0o440)
    mode = {p.name: stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir()}
    assert mode["same"] == mode["plain"]
    assert mode["sealed"] == 0o440


def test_a_reader_never_sees_half(tmp_path):
    path, size = tmp_path / "a", 200_000
    write_whole(path, b"0" * size)
    seen, ended = set(), threading.Event()

    def write(letter):
        for _ in range(20):
            write_whole(path, letter * size, durable=False)

    def read():
        while not ended.is_set():
            content = path.read_bytes()
            seen.add((len(content), len(set(content))))

    writers = [threading.Thread(target=write, args=(k,)) for k in (b"1", b"2", b"3")]
    reader = threading.Thread(target=read)
    reader.start()
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    ended.set()
    reader.join()
    assert seen == {(size, 1)}
    assert names(tmp_path) == ["a"]


KILLED = """
import os, sys
from pathlib import Path
from helpers.files import replacing
with replacing(Path(sys.argv[1])) as file:
    file.write(b"half")
    file.flush()
    os._exit(1)
"""


def test_what_a_killed_writer_left_is_swept_away_later(tmp_path):
    path = tmp_path / "a[1]"
    path.write_text("old")
    environment = os.environ | {"PYTHONPATH": str(Path(files.__file__).parents[1])}
    subprocess.run([sys.executable, "-c", KILLED, str(path)], env=environment)
    (left,) = (p for p in tmp_path.iterdir() if p != path)
    assert (path.read_text(), left.read_text()) == ("old", "half")
    write_whole(path, "new")
    assert left.exists()  # somebody may be at work on it
    os.utime(left, (time.time() - 2 * files.ABANDONED,) * 2)
    write_whole(tmp_path / "b", "another file's draft stays")
    assert left.exists()
    write_whole(path, "new")
    assert names(tmp_path) == ["a[1]", "b"]


def test_a_file_that_is_being_read_is_tried_again(tmp_path, monkeypatch):
    replace, refused = os.replace, []

    def busy(*arguments):
        if len(refused) < 3:
            refused.append(arguments)
            raise PermissionError(errno.EACCES, "Access is denied")
        replace(*arguments)

    monkeypatch.setattr(os, "replace", busy)
    monkeypatch.setattr(files, "PATIENCE", 5.0)  # as on Windows
    write_whole(tmp_path / "a", "x")
    assert (tmp_path / "a").read_text() == "x"
    refused.clear()
    monkeypatch.setattr(files, "PATIENCE", 0.0)
    with pytest.raises(PermissionError):
        write_whole(tmp_path / "a", "y")
    assert names(tmp_path) == ["a"]


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "none" / "a", "x")
