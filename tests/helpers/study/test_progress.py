import errno
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from helpers import checks
from helpers.study import _store as store
from helpers.study import progress

OFF = ("CI", "NBGRADER_EXECUTION", "COURSE_PROGRESS")
FILES = {".progress.json", ".progress.json.lock"}  # what stays beside the notebooks


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A learner's folder of notebooks, with the working folder inside a notebook's."""
    for variable in OFF:
        monkeypatch.delenv(variable, raising=False)
    for stem in ("00_start_here", "01_bias_variance"):
        (tmp_path / "notebooks" / stem).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "notebooks" / "01_bias_variance")
    return tmp_path / "notebooks"


def finish_everything():
    for book in progress.table():
        for name in book.exercises:
            progress.record(book.stem, name)


def with_helpers():
    """The environment of a program that can import helpers."""
    return os.environ | {"PYTHONPATH": str(Path(progress.__file__).parents[2])}


def saved(root):
    return json.loads((root / ".progress.json").read_text())


def test_a_pass_is_recorded_beside_the_notebooks(root):
    progress.record("01_bias_variance", "ridge_fit")
    assert "ridge_fit" in saved(root)["passed"]["01_bias_variance"]


def test_progress_is_kept_in_a_folder_of_ones_own_choice(root, tmp_path, monkeypatch):
    drive = tmp_path / "drive"
    drive.mkdir()
    monkeypatch.setenv("COURSE_PROGRESS", str(drive / "course"))
    progress.record("01_bias_variance", "ridge_fit")
    assert "ridge_fit" in saved(drive / "course")["passed"]["01_bias_variance"]
    assert not (root / ".progress.json").exists()
    finish_everything()
    assert progress.certificate("Ada") == drive / "course" / "certificate.html"


def test_a_drive_that_is_not_mounted_is_told_and_not_made(
    root, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "drive" / "course"))
    progress.record("01_bias_variance", "ridge_fit")
    assert "Progress could not be saved" in capsys.readouterr().out
    assert not (tmp_path / "drive").exists()


def test_the_first_pass_keeps_its_date(root):
    progress.record("01", "a")
    data = saved(root)
    data["passed"]["01"]["a"] = "2020-01-01T00:00:00"
    (root / ".progress.json").write_text(json.dumps(data))
    progress.record("01", "a")
    assert saved(root)["passed"]["01"]["a"] == "2020-01-01T00:00:00"


def test_a_lone_notebook_records_where_it_stands(tmp_path, root, monkeypatch):
    lone = tmp_path / "lone"
    lone.mkdir()
    monkeypatch.chdir(lone)
    progress.record("01", "a")
    assert (lone / ".progress.json").is_file()


def test_the_start_notebooks_own_folder_is_not_the_root(root, monkeypatch):
    (root / "00_start_here" / "00_start_here.ipynb").touch()
    monkeypatch.chdir(root / "00_start_here")
    assert store.folder() == root


@pytest.mark.parametrize(
    ("variable", "value"),
    [("CI", "true"), ("NBGRADER_EXECUTION", "autograde"), ("COURSE_PROGRESS", "off")],
)
def test_nothing_is_recorded_while_grading_or_testing(
    root, monkeypatch, variable, value
):
    monkeypatch.setenv(variable, value)
    progress.record("01", "a")
    assert not (root / ".progress.json").exists()
    assert "Nothing is recorded here" in progress.table().summary()


def test_nothing_is_recorded_in_the_instructors_folder(root, monkeypatch):
    solutions = root.rename(root.with_name("solutions"))
    monkeypatch.chdir(solutions / "01_bias_variance")
    progress.record("01", "a")
    assert not list(solutions.glob(".progress*"))


@pytest.mark.parametrize(
    "damage",
    [
        b"{",
        b"",
        b"[1, 2]",
        b'{"passed": 3}',
        b'{"passed": {"01": ["a"]}}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
    ],
)
def test_a_damaged_file_is_kept_aside_and_recording_goes_on(root, capsys, damage):
    (root / ".progress.json").write_bytes(damage)
    progress.record("01", "a")
    (aside,) = root.glob(".progress.json.damaged-*")
    assert aside.read_bytes() == damage
    assert aside.name in capsys.readouterr().out
    assert "a" in saved(root)["passed"]["01"]


def test_reading_sets_a_damaged_file_aside_too(root, capsys):
    (root / ".progress.json").write_text("oops")
    progress.table()
    (aside,) = root.glob(".progress.json.damaged-*")
    assert aside.read_text() == "oops"
    assert "could not be understood" in capsys.readouterr().out


def test_what_others_wrote_into_the_file_stays(root):
    (root / ".progress.json").write_text('{"notes": "mine", "passed": {"99": {}}}')
    progress.record("01", "a")
    assert saved(root)["notes"] == "mine"
    assert "99" in saved(root)["passed"]


def test_many_writers_at_once_lose_nothing(root):
    script = (
        "import sys; from helpers.study import progress\n"
        "for k in range(15): progress.record('01', f'{sys.argv[1]}-{k}')"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", script, str(w)], env=with_helpers())
        for w in range(4)
    ]
    assert [writer.wait(300) for writer in writers] == [0] * 4
    assert len(saved(root)["passed"]["01"]) == 60
    assert {p.name for p in root.glob(".progress*")} <= FILES


@pytest.mark.parametrize("age", [0, 60])
def test_a_lock_file_that_nobody_holds_does_not_block(root, age, monkeypatch):
    monkeypatch.setattr(store, "PATIENCE", 0.5)
    lock = root / ".progress.json.lock"
    lock.touch()
    os.utime(lock, (time.time() - age,) * 2)
    progress.record("01", "a")
    assert "a" in saved(root)["passed"]["01"]


def test_a_lock_that_is_held_is_never_taken_however_old(root, monkeypatch, capsys):
    monkeypatch.setattr(store, "PATIENCE", 0.5)
    with store._locked(root / ".progress.json"):
        long_ago = time.time() - 3600  # the computer slept, or the drive is slow
        os.utime(root / ".progress.json.lock", (long_ago, long_ago))
        progress.record("01", "a")
    assert capsys.readouterr().out == (
        "Progress could not be saved (.progress.json.lock is held by another program);"
        " the course goes on.\n"
    )
    assert not (root / ".progress.json").exists()


def test_a_lock_ends_with_the_program_that_held_it(root):
    script = (
        "import os; from pathlib import Path; from helpers.study import _store\n"
        "with _store._locked(Path('.progress.json').resolve()): os._exit(1)"
    )
    subprocess.run([sys.executable, "-c", script], cwd=root, env=with_helpers())
    start = time.monotonic()
    progress.record("01", "a")
    assert "a" in saved(root)["passed"]["01"]
    assert time.monotonic() - start < store.PATIENCE / 2


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no flock")
@pytest.mark.parametrize("code", ["ENOSYS", "ENOTSUP", "ENOLCK"])
def test_a_drive_without_locks_is_locked_by_a_file(root, monkeypatch, capsys, code):
    import fcntl

    def refuse(*_):
        raise OSError(getattr(errno, code), "no locks on this drive")

    monkeypatch.setattr(store, "PATIENCE", 0.5)
    monkeypatch.setattr(fcntl, "flock", refuse)
    progress.record("01", "a")
    assert "a" in saved(root)["passed"]["01"]
    with store._locked(root / ".progress.json"):
        progress.record("01", "b")
    assert "is held by another program" in capsys.readouterr().out
    progress.record("01", "c")
    assert set(saved(root)["passed"]["01"]) == {"a", "c"}


def test_a_folder_that_cannot_be_written_costs_one_line(root, capsys):
    (root / ".progress.json").mkdir()  # replacing a folder by a file is refused
    progress.record("01", "a")
    assert len(capsys.readouterr().out.splitlines()) == 1
    assert {p.name for p in root.glob(".progress*")} <= FILES


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_a_read_only_folder_costs_one_line(root, capsys):
    root.chmod(0o555)
    progress.record("01", "a")
    root.chmod(0o755)
    assert "Permission denied" in capsys.readouterr().out


def test_the_table_knows_every_exercise_in_the_cards_order(root):
    books = progress.table()
    assert [b.stem for b in books] == checks.available()
    start = next(b for b in books if b.stem == "00_start_here")
    assert start.exercises == {
        "train_epoch": "0.1",
        "evaluate": "0.2",
        "paired_difference": "0.3",
    }


def test_the_table_shows_what_is_done_and_what_is_open(root):
    progress.record("00_start_here", "evaluate")
    start = next(b for b in progress.table() if b.stem == "00_start_here")
    assert start.open == ["0.1 train_epoch", "0.3 paired_difference"]
    assert "00 · Start here" in repr(progress.table())
    assert "0.1 train_epoch" in progress.table()._repr_html_()
    assert progress.table().summary().startswith("1 of ")


def test_the_chart_has_a_bar_per_notebook(root):
    import matplotlib.pyplot as plt

    progress.record("00_start_here", "evaluate")
    axes = progress.chart()
    total, done = ([bar.get_width() for bar in c] for c in axes.containers)
    assert len(total) == len(checks.available())
    assert sum(done) == 1
    assert axes.get_xlabel()
    plt.close(axes.figure)


def test_no_certificate_before_the_end(root, capsys):
    assert progress.certificate("Ada") is None
    assert "0.1 train_epoch" in capsys.readouterr().out
    assert not (root / "certificate.html").exists()


def test_the_certificate_is_a_page_beside_the_notebooks(root):
    finish_everything()
    page = progress.certificate("Ada Lovelace")
    assert page == root / "certificate.html"
    assert "Ada Lovelace" in page.read_text("utf-8")
    assert "00 · Start here" in page.read_text("utf-8")


def test_a_name_cannot_smuggle_html(root):
    finish_everything()
    page = progress.certificate("<script>alert(1)</script> & {x}").read_text("utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; {x}" in page


def test_a_certificate_needs_a_name(root):
    with pytest.raises(ValueError, match="expected your name"):
        progress.certificate("  ")


def test_a_certificate_that_cannot_be_written_is_said(root, monkeypatch, capsys):
    finish_everything()
    capsys.readouterr()

    def full(path, text):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(progress, "write_whole", full)
    assert progress.certificate("Ada") is None
    out = capsys.readouterr().out
    assert "could not be written to" in out
    assert "No space left on device" in out


def test_a_working_folder_that_is_gone_stops_nothing(root, monkeypatch):
    def gone():
        raise FileNotFoundError

    monkeypatch.setattr(store.Path, "cwd", gone)
    assert store.folder() == Path()


def test_a_record_that_cannot_be_read_counts_as_empty(root, monkeypatch, capsys):
    (root / ".progress.json").mkdir()
    assert store.read() == store._empty()
    assert "Progress cannot be read" in capsys.readouterr().out


def test_a_chart_goes_into_the_axes_it_is_given(root):
    plt = pytest.importorskip("matplotlib.pyplot")
    axes = plt.subplots()[1]
    assert progress.chart(ax=axes) is axes
    assert len(axes.patches) > 0
    plt.close(axes.figure)
