"""Long proofs are made whole when asked for, and when their code has changed."""

import json
from datetime import date

import pytest

from staff.ci import effort
from staff.course import Course


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A course with one proof about one folder; nothing is asked for."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "code" / "deep").mkdir(parents=True)
    (tmp_path / "code" / "deep" / "one.py").write_text("x = 1\n")
    (tmp_path / "tests" / "test_it.py").write_text("")
    monkeypatch.setattr(effort, "Course", lambda: Course(tmp_path))
    proofs = {"it": effort.Proof("tests/test_it.py", about=("code",))}
    monkeypatch.setattr(effort, "PROOFS", proofs)
    monkeypatch.setenv(effort.VARIABLE, "changed")
    effort._code.cache_clear()
    yield tmp_path
    effort._code.cache_clear()


def changed(path, text):
    path.write_text(text)
    effort._code.cache_clear()


def test_a_proof_never_made_is_made_whole(place):
    assert effort.whole("it")


def test_a_stamp_lasts_until_the_code_changes(place):
    effort.stamp("it")
    assert not effort.whole("it")
    changed(place / "elsewhere.py", "x = 1\n")
    assert not effort.whole("it")
    changed(place / "code" / "deep" / "one.py", "x = 2\n")
    assert effort.whole("it")


@pytest.mark.parametrize("name", ["code/two.py", "tests/test_it.py"])
def test_new_files_and_the_tests_themselves_count(place, name):
    effort.stamp("it")
    changed(place / name, "y = 1\n")
    assert effort.whole("it")


def test_a_usual_run_takes_a_sample_and_knows_what_is_due(place, monkeypatch):
    monkeypatch.delenv(effort.VARIABLE)
    assert not effort.whole("it")
    assert effort.changed("it")


def test_everything_can_be_asked_for(place, monkeypatch):
    effort.stamp("it")
    monkeypatch.setenv(effort.VARIABLE, "all")
    assert effort.whole("it")


def test_a_stamp_names_the_day_and_keeps_the_others(place):
    file = place / "tests" / "proven.json"
    file.write_text(json.dumps({"other": {"code": "abc", "on": "2026-01-01"}}))
    effort.stamp("it")
    kept = json.loads(file.read_text())
    assert kept["other"] == {"code": "abc", "on": "2026-01-01"}
    assert kept["it"]["on"] == date.today().isoformat()
    days = effort.last("it"), effort.last("other"), effort.last("third")
    assert days == (date.today().isoformat(), "2026-01-01", "(never)")


def test_every_proof_speaks_of_files_that_exist():
    root = Course().root
    for name, proof in effort.PROOFS.items():
        each = [p.format(part) for p in proof.each for part in effort.parts(name)]
        places = [*proof.about, *each]
        assert [place for place in places if not list(root.glob(place))] == []


def test_notebooks_are_parts_with_stamps_of_their_own(place, monkeypatch):
    (place / "solutions").mkdir()
    for stem in ("00_one", "01_two"):
        (place / "solutions" / f"{stem}.py").write_text("x = 1\n")
    proof = effort.Proof("tests/test_it.py", about=("code",), each=("solutions/{}.py",))
    monkeypatch.setattr(effort, "PROOFS", {"it": proof})
    for stem in effort.parts("it"):
        effort.stamp("it", stem)
    changed(place / "solutions" / "01_two.py", "x = 2\n")
    assert [s for s in effort.parts("it") if effort.whole("it", s)] == ["01_two"]
    changed(place / "code" / "deep" / "one.py", "x = 2\n")
    assert all(effort.whole("it", stem) for stem in effort.parts("it"))


def test_samples_take_turns_by_the_day():
    assert effort.today(1) == 0
    assert effort.today(10) == date.today().toordinal() % 10


def test_seeds_move_with_the_day(monkeypatch):
    class Tomorrow(date):
        @classmethod
        def today(cls):
            return cls.fromordinal(date.today().toordinal() + 1)

    today = effort.seeds(200)
    assert len(today) == 200
    assert effort.seeds(200) == today
    monkeypatch.setattr(effort, "date", Tomorrow)
    assert set(today).isdisjoint(effort.seeds(200))
    assert effort.seeds(1)[0] < 2**31  # a seed everywhere


def test_everybody_has_a_turn(monkeypatch):
    class Later(date):
        days = 0

        @classmethod
        def today(cls):
            return cls.fromordinal(date.today().toordinal() + cls.days)

    monkeypatch.setattr(effort, "date", Later)
    monkeypatch.delenv(effort.VARIABLE, raising=False)
    items = ["a", "b", "c", "d", "e"]
    taken = []
    for Later.days in range(3):
        taken += effort.turns(items, 3)
    assert sorted(taken) == items
    monkeypatch.setenv(effort.VARIABLE, "all")
    assert effort.turns(items, 3) == items
