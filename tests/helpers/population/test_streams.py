"""Whose data are whose: told by the caller, or by shapes that leave one reading."""

import pytest
import torch
from torch import nn

from helpers.population import mlp, train_population
from helpers.population._streams import MemberData, MemberNoise
from helpers.training import Batches
from helpers.training.runtime import DROPOUT_STREAM

CPU = torch.device("cpu")
PLAIN = {"steps": 3, "progress": False}


def floats(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def labels(*shape):
    return torch.randint(3, shape, generator=torch.Generator().manual_seed(0))


def read(x, y, members, own=None):
    """Return (own_x, own_y, n) as `MemberData` understands them."""
    data = MemberData((x, y), members, device=CPU, name="train", own=own)
    return data.own_x, data.own_y, data.n


@pytest.mark.parametrize(
    ("x", "y", "members", "expected"),
    [
        (floats(16, 10), labels(16), 4, (False, False, 16)),
        (floats(16, 10), labels(4, 16), 4, (False, True, 16)),
        (floats(4, 16, 10), labels(16), 4, (True, False, 16)),
        # probabilities, one row per example, whatever the number of members
        (floats(16, 10), floats(16, 10), 4, (False, False, 16)),
        (floats(16, 10), floats(16, 10), 16, (False, False, 16)),
        (floats(16, 10), floats(16, 3), 16, (False, False, 16)),
        (floats(16, 10), floats(4, 16, 3), 4, (False, True, 16)),
        # token labels
        (floats(16, 6, 2), labels(16, 6), 4, (False, False, 16)),
        (floats(16, 6, 2), labels(4, 16, 6), 4, (False, True, 16)),
        # as many classes or features as members or examples
        (floats(16, 10), floats(16, 4), 4, (False, False, 16)),
        (floats(10, 10), floats(10, 10), 4, (False, False, 10)),
        (floats(8, 9, 3), labels(8), 8, (False, False, 8)),
    ],
)
def test_shapes_with_one_reading_need_no_word(x, y, members, expected):
    assert read(x, y, members) == expected


@pytest.mark.parametrize(
    ("x", "y", "members", "readings"),
    [
        (floats(8, 8, 3), labels(8), 8, {"": (False, False), "x": (True, False)}),
        (floats(8, 5), floats(8, 8), 8, {"": (False, False), "y": (False, True)}),
        # two examples with four labels each, or two sets of four
        (floats(2, 4, 3), labels(2, 4), 2, {"": (False, False), "xy": (True, True)}),
        (floats(1, 4, 3), labels(1, 4), 1, {"": (False, False), "xy": (True, True)}),
    ],
)
def test_shapes_with_two_readings_are_asked_about(x, y, members, readings):
    with pytest.raises(ValueError, match=r"train: .*own_data=") as error:
        read(x, y, members)
    for own, (own_x, own_y) in readings.items():
        assert f"own_data={own!r}" in str(error.value)
        assert read(x, y, members, own)[:2] == (own_x, own_y)


@pytest.mark.parametrize(
    ("x", "y", "members", "own", "words"),
    [
        (floats(16, 10), labels(16), 4, "x", r"x \(4, N, ...\) and y \(N,"),
        (floats(16, 10), labels(16), 4, "y", r"x \(N, ...\) and y \(4, N,"),
        (floats(4, 16, 10), labels(4, 16), 4, "y", r"got \(4, 16, 10\)"),
        (floats(4, 16, 10), labels(16), 4, "", r"x \(N, ...\) and y \(N,"),
        (floats(5, 16, 10), labels(4, 16), 4, "xy", r"x \(4, N, ...\)"),
        (floats(16, 10), labels(16), 4, "yx", "'', 'x', 'y' or 'xy', got 'yx'"),
        (floats(16, 10), labels(16), 4, True, "'', 'x', 'y' or 'xy', got True"),
        (floats(16, 10), labels(15), 4, None, r"x \(N, ...\) or \(4, N, ...\)"),
        (floats(4, 0, 10), labels(4, 0), 4, "xy", "N >= 1"),
    ],
)
def test_words_that_do_not_fit_the_shapes(x, y, members, own, words):
    with pytest.raises(ValueError, match=words):
        read(x, y, members, own)


def test_the_caller_says_whose_data_are_whose():
    x, y = floats(8, 8, 3), labels(8)
    shared = train_population(
        lambda: mlp((24, 3)), (x, y), seeds=range(8), own_data="", **PLAIN
    )
    own = train_population(
        lambda: mlp((3, 3)), (x, y), seeds=range(8), own_data="x", **PLAIN
    )
    one = train_population(lambda: mlp((24, 3)), (x, y), seeds=5, **PLAIN)
    torch.testing.assert_close(shared.train_loss[:, 5], one.train_loss[:, 0])
    one = train_population(lambda: mlp((3, 3)), (x[5], y), seeds=5, **PLAIN)
    torch.testing.assert_close(own.train_loss[:, 5], one.train_loss[:, 0])


def test_each_split_can_be_spoken_of():
    x, y = floats(8, 8, 3), labels(8)
    sets = {"val": (x[0], y), "test": (x, y)}
    result = train_population(
        lambda: mlp((3, 3)),
        (x, y),
        seeds=range(8),
        own_data={"train": "x", "test": "x"},
        **sets,
        **PLAIN,
    )
    torch.testing.assert_close(result.test_loss, result.train_loss[-1])
    torch.testing.assert_close(result.test_loss[0], result.val_loss[-1, 0])
    with pytest.raises(ValueError, match="'train', 'val' or 'test', got 'valid'"):
        train_population(
            lambda: mlp((3, 3)), (x, y), seeds=0, own_data={"valid": "x"}, **PLAIN
        )


# --- labels for each token --------------------------------------------------------


class PerToken(nn.Module):
    """A Linear over the features of each token: (B, T, 5) -> (B, 3, T)."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(5, 3)

    def forward(self, x):
        return self.layer(x).transpose(1, 2)


def tokens(n=40):
    x = floats(n, 7, 5)
    return x, x[..., :3].argmax(-1)  # (n, 7)


def test_token_labels_train_and_are_scored_per_token():
    x, y = tokens()
    result = train_population(
        PerToken, (x, y), seeds=[0, 1], val=(x, y), steps=60, lr=0.1, progress=False
    )
    for k in range(2):
        out = result.member(k)(x)  # (n, 3, 7)
        share = (out.argmax(1) == y).float().mean().item()
        assert share > 0.8
        loss = nn.functional.cross_entropy(out, y).item()
        for accuracy in (result.train_accuracy, result.val_accuracy):
            assert accuracy[-1, k].item() == pytest.approx(share, abs=1e-6)
        assert result.train_loss[-1, k].item() == pytest.approx(loss, rel=1e-4)


def test_soft_token_labels_and_labels_left_out():
    x, y = tokens()
    soft = nn.functional.one_hot(y, 3).float().transpose(1, 2)  # (n, 3, 7)
    options = {"seeds": [0, 1], "steps": 5, "progress": False}
    hard = train_population(PerToken, (x, y), **options)
    same = train_population(PerToken, (x, soft), **options)
    torch.testing.assert_close(hard.train_loss, same.train_loss)
    torch.testing.assert_close(hard.train_accuracy, same.train_accuracy)
    y = y.clone()
    y[:, 4:] = -100  # F.cross_entropy leaves these out
    short = train_population(PerToken, (x[:, :4], y[:, :4]), **options)
    padded = train_population(PerToken, (x, y), **options)
    torch.testing.assert_close(short.train_loss, padded.train_loss)
    torch.testing.assert_close(short.train_accuracy, padded.train_accuracy)


class Words(nn.Module):
    """An embedding and a label for each token: int64 (B, T) -> (B, 3, T)."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(9, 4)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        return self.head(self.words(x)).transpose(1, 2)


def test_token_inputs_for_an_embedding():
    x = torch.randint(9, (40, 7), generator=torch.Generator().manual_seed(0))
    result = train_population(
        Words, (x, x % 3), seeds=[0, 1], steps=60, lr=0.1, progress=False
    )
    assert result.train_accuracy[-1].min() > 0.95
    assert result.stacks[0].flat.dtype == torch.float32
    one = train_population(Words, (x, x % 3), seeds=1, steps=60, lr=0.1, progress=False)
    torch.testing.assert_close(result.train_loss[:, 1:], one.train_loss)


# --- random streams ---------------------------------------------------------------


def test_masks_and_orders_come_from_different_streams():
    """Also between members whose seeds are neighbors."""
    orders, masks = set(range(2000)), {seed + DROPOUT_STREAM for seed in range(2000)}
    assert not orders & masks
    result = []
    original = MemberNoise.__init__

    def note(self, seeds, *args, **kwargs):
        result.extend(seeds)
        original(self, seeds, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MemberNoise, "__init__", note)
        train_population(
            lambda: mlp((5, 4, 3), dropout=0.5), tokenless(), seeds=[3, 4], **PLAIN
        )
    assert sorted(result) == [3 + DROPOUT_STREAM, 4 + DROPOUT_STREAM]


def tokenless():
    return floats(20, 5), labels(20)


def test_batches_are_those_of_one_network_alone():
    x, y = floats(21, 5), torch.arange(21)
    data = MemberData((x, y), 2, device=CPU, name="train")
    own = torch.stack([x, x + 1])
    theirs = MemberData((own, y), 2, device=CPU, name="train")
    walks = [d.batches([3, 8], 10, 5) for d in (data, theirs)]
    alone = [
        Batches(x, y, 10, join_single=True, generator=torch.Generator().manual_seed(s))
        for s in (3, 8)
    ]
    both = [[*a, *a, *a] for a in alone]  # three epochs of two batches
    for step, ((xs, ys), (owns, _)) in enumerate(zip(*walks, strict=True)):
        for k in range(2):
            xb, yb = both[k][step]
            assert torch.equal(xs[k], xb)
            assert torch.equal(ys[k], yb)
            assert torch.equal(owns[k], xb + k)
    assert step == 4
