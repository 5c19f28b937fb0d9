import json
import re

import numpy as np
import pytest
import torch

from helpers import seeds
from helpers.evidence import claims
from helpers.evidence.claims import ClaimFailed, claim, ledger, open_table, results
from helpers.evidence.experiments import read_experiments
from helpers.evidence.intervals import proportion_interval


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(claims, "_LEDGER", claims.Ledger())
    monkeypatch.delenv("COURSE_STRICT", raising=False)
    monkeypatch.delenv("COURSE_LEDGER", raising=False)


@pytest.mark.parametrize(
    ("values", "condition", "verdict"),
    [
        ([1.0, 1.1, 0.9, 1.0], "> 0", "holds"),
        ([-1.0, -1.1, -0.9, -1.0], "> 0", "does not hold"),
        ([1.0, -1.1, 0.9, -1.0], "> 0", "not decided"),
        ([-1.0, -1.1, -0.9, -1.0], "< -0.5", "holds"),
        ([0.001, -0.001, 0.002], "within 0.01", "holds"),
        ([0.5, 0.51, 0.52], "within 0.01", "does not hold"),
        ([0.5, 0.51, 0.52], "between 0.4 0.6", "holds"),
        (0.0, "> 0", "does not hold"),
        (0.0, "within 0", "holds"),
        (0.3, "between 0.3 0.3", "holds"),
    ],
)
def test_verdict(values, condition, verdict, capsys):
    claim("x.y", "It is so.", values, condition)
    assert ledger()[0].verdict == verdict
    assert verdict in capsys.readouterr().out


def test_interval_is_students():
    claim("x.t", "It is so.", [1.0, 2.0, 3.0, 4.0], "> 0")
    entry = ledger()[0]
    # t(0.975, 3) = 3.1824, s = 1.29099, n = 4
    assert entry.low == pytest.approx(2.5 - 3.18245 * 1.290994 / 2, abs=1e-4)
    assert entry.high == pytest.approx(2.5 + 3.18245 * 1.290994 / 2, abs=1e-4)


@pytest.mark.parametrize("make", [list, np.array, torch.tensor])
def test_values_may_come_as_list_array_or_tensor(make):
    claim("x.kinds", "It is so.", make([1.0, 2.0, 3.0]), "> 0")
    assert ledger()[0].n == 3


@pytest.mark.parametrize("values", [-1.0, [-1.0, -1.1]])
def test_a_claim_says_that_the_seeds_are_shifted(values, capsys, monkeypatch):
    monkeypatch.setattr(seeds, "_now", seeds._Shift(2000))
    claim("x.bad", "It is so.", values, "> 0")
    out = capsys.readouterr().out
    assert "seeds shifted by 2,000; claimed > 0: does not hold." in out
    assert "with these seeds" in out
    monkeypatch.setattr(seeds, "_now", seeds._Shift())
    claim("x.bad", "It is so.", values, "> 0")
    assert "shifted" not in capsys.readouterr().out
    assert ledger()[0].shift == 0


def test_strict_raises_unless_it_holds(monkeypatch):
    monkeypatch.setenv("COURSE_STRICT", "1")
    claim("x.ok", "It is so.", [1.0, 1.1, 1.2], "> 0")
    with pytest.raises(ClaimFailed, match="It is so"):
        claim("x.bad", "It is so.", [-1.0, -1.1], "> 0")
    with pytest.raises(ClaimFailed, match="not decided"):
        claim("x.open", "It is so.", [-1.0, 1.1], "> 0")


def test_otherwise_it_warns_and_goes_on(capsys):
    claim("x.bad", "It is so.", [-1.0, -1.1], "> 0")
    assert "Trust the measurement" in capsys.readouterr().out


def test_running_a_cell_again_replaces_its_entry():
    claim("x.a", "First.", 1.0, "> 0")
    claim("x.b", "Second.", 1.0, "> 0")
    claim("x.a", "First.", 2.0, "> 0")
    assert [(c.id, c.mean) for c in ledger()] == [("x.b", 1.0), ("x.a", 2.0)]
    assert "Second." in ledger()._repr_html_()


def test_ledger_file(monkeypatch, tmp_path):
    path = tmp_path / "ledger.jsonl"
    monkeypatch.setenv("COURSE_LEDGER", str(path))
    claim("x.a", "It is so.", [1.0, 1.5], "> 0", unit="points")
    entry = json.loads(path.read_text())
    assert entry["id"] == "x.a"
    assert entry["unit"] == "points"
    assert entry["n"] == 2
    claim("x.a", "It is so.", [2.0, 2.5], "> 0", unit="points")
    (kept,) = claims.read_ledger(path)
    assert kept.mean == 2.25
    assert claims.read_ledger(path.with_name("none")) == []


def test_ledger_file_keeps_what_stood_around_the_claims(monkeypatch, tmp_path):
    path = tmp_path / "ledger.jsonl"
    monkeypatch.setenv("COURSE_LEDGER", str(path))
    plain, treated = [1.0, 2.0, 3.0], [2.0, 3.0, 5.0]
    for _ in range(2):  # a cell that runs again
        with results(varies="3 seeds") as table:
            table.arms({"none": plain, "L1": treated}, paired_with="none", unit="%")
            table.arms({"none": plain}, unit="nats")
            claim("x.a", "It is so.", [1.0, 1.5], "> 0")
    (kept,) = read_experiments(path)
    assert (kept.claims, kept.varies) == (("x.a",), "3 seeds")
    (compared,) = kept.compared
    assert (compared.control, compared.unit) == ("none", "%")
    assert compared.gains["L1"].mean == pytest.approx(4 / 3)
    assert compared.gains["L1"].n == 3
    assert [entry.id for entry in claims.read_ledger(path)] == ["x.a"]
    assert read_experiments(path.with_name("none")) == []


@pytest.mark.parametrize(
    "condition", ["", "0", "> a", ">", "within -1", "between 2 1", "about 3"]
)
def test_unreadable_condition(condition):
    with pytest.raises(ValueError, match="Cannot read the condition"):
        claim("x.y", "It is so.", 1.0, condition)


@pytest.mark.parametrize(
    "values", [[0.5], (0.5,), np.array([0.5]), torch.tensor([0.5])]
)
def test_a_list_of_one_seed_is_no_exact_fact(values):
    with pytest.raises(ValueError, match="at least 2 seeds, got 1"):
        claim("x.y", "It is so.", values, "> 0")
    assert not ledger()


@pytest.mark.parametrize(
    "value", [0.5, np.float64(0.5), np.array(0.5), torch.tensor(0.5)]
)
def test_one_number_is_an_exact_fact(value):
    claim("x.y", "It is so.", value, "> 0")
    assert (ledger()[0].n, ledger()[0].mean) == (1, 0.5)


@pytest.mark.parametrize("values", [[], [float("nan"), 1.0], [[1.0, 2.0]]])
def test_bad_values(values):
    with pytest.raises(ValueError, match="expected one finite number"):
        claim("x.y", "It is so.", values, "> 0")


def test_claims_of_one_experiment_are_one_table(capsys):
    with results() as table:
        claim("x.a", "First, of `code` < 2.", [1.0, 2.0, 3.0], "> 0", unit="points")
        claim("x.b", "Second.", 0.5, "> 0")
        assert capsys.readouterr().out == ""
    out = capsys.readouterr().out
    assert all(len(line) <= 80 for line in out.splitlines())
    assert out.index("Claim x.a: First") < out.index("Claim x.b: Second")
    page = table.bundle()[0]["text/html"]
    assert page.count("<table") == 1
    assert "of <code>code</code> &lt; 2" in page
    assert "2 points" in page
    assert "✓ holds" in page
    assert [c.id for c in ledger()] == ["x.a", "x.b"]


def test_a_table_aligns_words_left_and_numbers_right():
    with results() as table:
        claim("x.a", "It is so.", [1.0, 2.0, 3.0], "> 0")
    row = table.bundle()[0]["text/html"].partition("<tbody>")[2]
    sides = re.findall(r"<td style=\"text-align: (\w+)", row)
    assert sides == ["left", "right", "right", "right", "left", "left"]


def _three_claims():
    with results():
        claim("x.a", "One.", [-1.0, -1.1], "> 0")
        claim("x.b", "Two.", [1.0, 1.1], "> 0")
        claim("x.c", "Three.", [-1.0, 1.1], "> 0")


def _an_error_inside():
    with results():
        claim("x.a", "One.", 1.0, "> 0")
        raise ZeroDivisionError


def test_a_strict_table_is_shown_whole_and_then_fails(monkeypatch, capsys):
    monkeypatch.setenv("COURSE_STRICT", "1")
    with pytest.raises(ClaimFailed, match=r"(?s)Claim x.a: .*Claim x.c: "):
        _three_claims()
    assert "Two." in capsys.readouterr().out


def test_a_table_warns_of_what_does_not_hold(capsys):
    with results():
        claim("x.a", "One.", [-1.0, -1.1], "> 0")
        claim("x.b", "Two.", [1.0, 1.1], "> 0")
    assert " ".join(capsys.readouterr().out.split()).count("Trust the measure") == 1


def test_an_error_inside_leaves_no_table_open(capsys):
    with pytest.raises(ZeroDivisionError):
        _an_error_inside()
    assert open_table() is None
    assert "One." in capsys.readouterr().out


def test_arms_stand_above_the_claims_with_paired_differences(capsys):
    plain, treated = [70.0, 72.0, 74.0], [71.0, 73.5, 74.5]
    with results(varies="3 initializations; one split") as table:
        table.arms({"none": plain, "p = 0.5": treated}, paired_with="none", unit="%")
        claim("t.gain", "It gains.", [1.0, 1.5, 0.5], "> -1")
    page = table.bundle()[0]["text/html"]
    text = capsys.readouterr().out
    head = " ".join(text.splitlines()[0].split())
    assert head == "Arm Mean, % Seeds Difference to none, 95 % interval"
    assert text.splitlines()[1].split() == ["none", "72.00", "3", "–"]
    # differences 1, 1.5, 0.5: mean 1, s = 0.5, t(2) = 4.3027
    assert text.splitlines()[2].split()[-3:] == ["+1.00", "[-0.24,", "+2.24]"]
    assert "What varies: 3 initializations; one split." in text
    assert page.index("p = 0.5") < page.index("It gains.")
    assert "What varies: 3 initializations; one split." in page


def test_arms_without_a_control_have_no_differences(capsys):
    with results(varies="2 seeds") as table:
        table.arms({"a": [1.0, 2.0]}, digits=1)
    assert "Difference" not in capsys.readouterr().out
    assert "What varies: 2 seeds." in table.bundle()[0]["text/html"]  # without a claim


@pytest.mark.parametrize(
    ("scores", "control", "words"),
    [
        ({}, "", "none"),
        ({"a": [1.0, 2.0]}, "b", "expected the control 'b' among the arms, got a"),
        ({"a": [1.0]}, "", "at least 2"),
        ({"a": [1.0, 2.0], "b": [1.0, 2.0, 3.0]}, "a", "one value per seed in both"),
    ],
)
def test_arms_that_cannot_be_compared(scores, control, words):
    with results() as table, pytest.raises(ValueError, match=words):
        table.arms(scores, paired_with=control)


def test_a_claim_takes_an_interval_as_it_is():
    claim("a.share", "All of 60.", proportion_interval(60, 60), "> 0.9")
    [entry] = ledger()
    assert entry.verdict == "holds"
    assert (entry.mean, entry.high, entry.n) == (1, 1, 60)
    assert entry.low == pytest.approx(0.9398, abs=1e-4)
    claim("a.share", "Nearly certain.", proportion_interval(60, 60), "> 0.95")
    assert ledger()[0].verdict == "not decided"
