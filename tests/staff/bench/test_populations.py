"""Populations beside JAX: the rows, the break-even, the curve."""

import pytest
import torch
from torch import nn

from staff.bench import loops, populations
from staff.bench.contenders import Time, make_case
from staff.bench.populations import Point, beside_jax, break_even, curve, curve_table


@pytest.fixture
def case():
    return make_case("tiny", lambda: nn.Linear(3, 10), (3,), 2)._replace(
        x=torch.randn(200, 3), y=torch.zeros(200, dtype=torch.int64)
    )


class FakePeer:
    """Stands where JAX does, which the tests have no need of."""

    compile_seconds = 6.0
    made: list[int] = []

    def __init__(self, case, members):
        self.made.append(members)

    def __call__(self, case):
        return Time(0.5 * case.epochs, 1.0)


@pytest.fixture
def peer(monkeypatch):
    monkeypatch.setattr(FakePeer, "made", [])
    monkeypatch.setattr(populations, "Peer", FakePeer)
    return FakePeer


def test_break_even():
    assert break_even(3e-3, 1e-3, 4.0) == "JAX catches up after 2,000 steps"
    assert break_even(1e-3, 1e-3, 4.0) == "JAX never catches up"
    assert break_even(1e-3, 2e-3, 4.0) == "JAX never catches up"


def test_rows_beside_jax(case):
    ours, theirs = [Time(2.0, 3.0)] * 3, [Time(1.0, 1.0), Time(1.5, 1.0), Time(9, 1)]
    compiled, whole = beside_jax("name", case, FakePeer(case, 1), ours, theirs, 0.5)
    assert compiled == ("name against JAX", 0.75, 0.5, "2.000 s, JAX 1.500 s")
    assert whole.ratio == (1.5 + 6.0) / 2.0
    # 2 epochs of 2 steps: 0.5 s a step against 0.375 s
    assert whole.note == "6.0 s; JAX catches up after 48 steps"
    assert whole.target is None


def test_a_missing_jax_is_said_in_its_row(case):
    one, many = populations.populations(case, (8.0, 1.5), jax="left out", repeats=1)
    assert one.ratio is not None
    assert one.target == 8.0
    assert many[1:] == (None, 1.5, "left out")
    (alone,) = populations.single(case, 0.5, jax="left out", repeats=1)
    assert alone == ("tiny: fit against JAX", None, 0.5, "left out")


def test_jax_trains_as_many_members_as_ours(case, peer):
    rows = populations.populations(case, (8.0, 1.5), jax="", repeats=1)
    assert peer.made == [32]
    assert [row.target for row in rows] == [8.0, 1.5, None]
    rows = populations.single(case, 0.5, jax="", repeats=1)
    assert peer.made == [32, 1]
    assert [row.target for row in rows] == [0.5, None, None, None]
    assert "fit" in rows[0].name
    assert "population of 1" in rows[2].name


def test_curve_counts_networks(case, peer, monkeypatch):
    trained = []

    def ours(case, members):
        trained.append(members)
        return Time(2.0, 2.0)

    monkeypatch.setattr(populations, "as_population", ours)
    monkeypatch.setattr(populations, "in_turn", lambda case, members: Time(0.25, 1.0))
    points = curve(case, [1, 8], jax="", repeats=2)
    assert points == [Point(1, 0.5, 1.0, 4.0), Point(8, 4.0, 8.0, 4.0)]
    assert trained == [1, 1, 1, 8, 8, 8]
    assert peer.made == [1, 8]
    assert curve(case, [8], jax="left out", repeats=1) == [Point(8, 4.0, None, 4.0)]


def test_curve_table():
    lines = curve_table("net", [Point(1, 3.0, None, 4.0), Point(8, 24, 16, 4)])
    assert lines.splitlines()[0] == "net: networks trained per second"
    assert lines.splitlines()[2].split() == ["1", "3.0", "–", "4.0", "0.8x"]
    assert lines.splitlines()[3].split() == ["8", "24.0", "16.0", "4.0", "6.0x"]


def test_the_report(monkeypatch, capsys):
    asked = {}

    def measure(repeats, **missing):
        asked.update(missing, repeats=repeats)
        return [loops.Row("a row", 2.0)]

    def curves(largest, repeats, **missing):
        asked.update(largest=largest, few=repeats)
        return "a curve"

    monkeypatch.setattr(loops, "measure", measure)
    monkeypatch.setattr(loops, "curves", curves)
    out = ["--no-jax", "--no-lightning"]
    assert loops.main([*out, "--repeats", "7", "--largest", "64"]) == 0
    assert asked == {
        "lightning": "left out",
        "jax": "left out",
        "repeats": 7,
        "largest": 64,
        "few": 3,
    }
    text = capsys.readouterr().out
    assert "a row" in text
    assert "a curve" in text
    loops.main([*out, "--largest", "0"])
    assert "a curve" not in capsys.readouterr().out


def test_sizes_of_the_curve(monkeypatch):
    asked = []

    def curve(case, sizes, **_):
        asked.append(sizes)
        return []

    monkeypatch.setattr(loops, "curve", curve)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    loops.curves(512, 1, jax="left out")
    assert asked == [[1, 2, 4, 8, 16, 32, 64, 128, 256, 512]]
