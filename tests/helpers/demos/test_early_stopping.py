"""The playback demo records what the network said, and draws it."""

import matplotlib.pyplot as plt
import pytest
import torch
from torch import nn

from helpers import data
from helpers.demos.early_stopping import GRID, Playback, playback_picture
from helpers.training import fit


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture
def run():
    x, y = data.two_moons(40, noise=0.2, seed=0)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 8), nn.Dropout(0.5), nn.ReLU(), nn.Linear(8, 2))
    playback = Playback(x)
    history = fit(model, (x, y), val=(x, y), epochs=3, callbacks=[playback])
    return model, (x, y), playback, history


def test_last_frame_is_the_final_network(run):
    model, (x, _), playback, _ = run
    assert len(playback.frames) == 3
    assert playback.frames[0].shape == (GRID, GRID)
    left, right, bottom, top = playback.extent
    assert left < x[:, 0].min()
    assert top > x[:, 1].max()
    with torch.no_grad():
        corner = model(torch.tensor([[right, bottom]])).softmax(1)[0, 1]
    torch.testing.assert_close(playback.frames[-1][0, -1], corner)


def test_recording_changes_nothing(run):
    model, split, _, history = run
    torch.manual_seed(0)
    twin = nn.Sequential(nn.Linear(2, 8), nn.Dropout(0.5), nn.ReLU(), nn.Linear(8, 2))
    assert fit(twin, split, epochs=3).train_loss == history.train_loss


def test_picture_marks_the_best_epoch_so_far(run):
    _, split, playback, _ = run
    curves = {"train": [3.0, 2.0, 1.0], "validation": [2.0, 1.0, 3.0]}
    for epoch, best in ((1, 1), (2, 2), (3, 2)):
        fig = playback_picture(playback, split, curves, epoch)
        assert fig.axes[0].get_title() == f"after epoch {epoch}"
        assert fig.axes[1].get_title() == f"best epoch so far: {best}"


@pytest.mark.parametrize("epoch", [0, 4])
def test_unknown_epochs_are_refused(run, epoch):
    _, split, playback, history = run
    curves = {"train": history.train_loss, "validation": history.val_loss}
    with pytest.raises(ValueError, match="expected 1 to 3"):
        playback_picture(playback, split, curves, epoch)
