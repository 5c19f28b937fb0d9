"""The alarm: each symptom is noticed where it is, and only there."""

import math

import pytest
import torch
from torch import nn

from helpers.training import History, State, fit
from helpers.training.alarms import Alarm, class_accuracy


def state(**curves):
    """Return a state after as many epochs as the curves are long."""
    model = nn.Linear(2, 3)
    optimizer = torch.optim.SGD(model.parameters())
    scaler = torch.amp.GradScaler("cpu", enabled=False)
    history = History(**curves)
    epoch = max(map(len, curves.values()))
    return State(
        model, optimizer, None, scaler, torch.Generator(), history, epoch=epoch
    )


def run(alarm, train, val, losses=None):
    """Show the alarm each epoch of two accuracy curves, then the end."""
    losses = losses or [[1.0] * len(train), [1.0] * len(train)]
    alarm.on_fit_start(state(train_accuracy=train))
    ended = []
    for n in range(1, len(train) + 1):
        parts = {"train_accuracy": train[:n], "val_accuracy": val[:n]}
        parts |= {"train_loss": losses[0][:n], "val_loss": losses[1][:n]}
        ended.append(alarm.on_epoch_end(state(**parts)))
    alarm.on_fit_end(state(**parts))
    return ended


def kinds(alarm):
    return [symptom.kind for symptom in alarm.symptoms]


def test_a_growing_gap_is_said_once(capsys):
    alarm = Alarm(window=2, gap=0.1)
    ended = run(alarm, [0.5, 0.6, 0.8, 0.9, 0.95], [0.5, 0.55, 0.6, 0.6, 0.6])
    assert kinds(alarm) == ["gap"]
    assert alarm.symptoms[0].epoch == 4
    assert capsys.readouterr().out.count("⚠") == 1
    assert not any(ended)


@pytest.mark.parametrize(
    ("train", "val"),
    [
        ([0.5, 0.6, 0.8, 0.9], [0.5, 0.6, 0.75, 0.85]),  # small
        ([0.9, 0.9, 0.9, 0.9], [0.5, 0.5, 0.6, 0.6]),  # large, but shrinking
        ([0.9, 0.95], [0.5, 0.5]),  # too early to say that it grows
        ([math.nan] * 6, [math.nan] * 6),  # regression
    ],
)
def test_other_gaps_are_not(train, val):
    alarm = Alarm(window=2)
    run(alarm, train, val)
    assert alarm.symptoms == []


@pytest.mark.parametrize(("best", "expected"), [(1, []), (2, ["fitted"])])
def test_training_loss_at_the_best_epoch(best, expected):
    val = [0.9, 0.8, 0.8, 0.9]
    val[best] = 0.5
    alarm = Alarm(tiny=0.01)
    run(alarm, [0.5] * 4, [0.5] * 4, [[1.0, 0.3, 0.001, 0.0001], val])
    assert kinds(alarm) == expected


def test_a_best_epoch_is_no_nan():
    alarm = Alarm()
    losses = [[0.001, 1.0], [math.nan, 0.5]]
    run(alarm, [0.5] * 2, [0.5] * 2, losses)
    assert alarm.symptoms == []


class Fixed(nn.Module):
    """Says of each row what its first entry says, but never `lost`."""

    def __init__(self, lost=None):
        super().__init__()
        self.lost, self.dropout = lost, nn.Dropout(0.5)

    def forward(self, x):
        said = nn.functional.one_hot(x[:, 0].long(), 3).float()
        if self.lost is not None:
            said[:, self.lost] = -1.0
        return self.dropout(said)


def labelled(*counts):
    y = torch.cat([torch.full((n,), k) for k, n in enumerate(counts)])
    return y.float()[:, None], y


@pytest.mark.parametrize(
    ("lost", "counts", "expected"),
    [
        (1, (30, 30, 30), ["class"]),
        (None, (30, 30, 30), []),
        (1, (30, 19, 30), []),  # too few to say
    ],
)
def test_a_lost_class(lost, counts, expected):
    alarm = Alarm(labelled(*counts), window=1)
    now = state(train_accuracy=[0.5], val_accuracy=[0.5])
    now.model = Fixed(lost)
    assert alarm.on_epoch_end(now) is False
    assert kinds(alarm) == expected


def test_class_accuracy_restores_modes_and_knows_absent_classes():
    model = Fixed(1).train()
    model.dropout.eval()
    x, y = labelled(4, 4)
    right = class_accuracy(model, x, y)
    assert right[:2].tolist() == [1.0, 0.0]
    assert right[2].isnan()
    assert (model.training, model.dropout.training) == (True, False)


def test_it_stops_a_run_and_changes_nothing_else():
    g = torch.Generator().manual_seed(0)
    x = torch.randn(60, 4, generator=g)
    y = torch.randint(2, (60,), generator=g)  # nothing to be learned but by heart

    def trained(*alarms):
        torch.manual_seed(1)
        net = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Dropout(0.1))
        net.append(nn.Linear(64, 2))
        history = fit(
            *(net, (x[:30], y[:30])),
            val=(x[30:], y[30:]),
            epochs=60,
            callbacks=alarms,
            optimizer=lambda p: torch.optim.Adam(p, lr=0.05),
            progress=False,
        )
        return history, net[0].weight.detach()

    quiet = Alarm((x[30:], y[30:]))
    (plain, one), (watched, two) = trained(), trained(quiet)
    assert "gap" in kinds(quiet)
    assert torch.equal(one, two)
    assert plain.val_loss == watched.val_loss
    stopped, _ = trained(Alarm(stop=True))
    assert len(stopped.val_loss) < 60


@pytest.mark.parametrize(
    "bad", [{"gap": 2}, {"least": -1}, {"tiny": -1}, {"window": 0}]
)
def test_settings_out_of_range(bad):
    with pytest.raises(ValueError, match="expected gap"):
        Alarm(**bad)
