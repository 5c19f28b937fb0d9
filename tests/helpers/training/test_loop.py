"""The training loop: what it computes, what it leaves alone, what it refuses."""

import gc
import math
from contextlib import nullcontext

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from helpers.training import (
    Batches,
    batch_sizes,
    count_parameters,
    evaluate,
    fit,
    one_thread,
    own_randomness,
)


def data(n=130, d=5, classes=3, seed=0):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, d, generator=g)
    return x, (x[:, :classes] + 0.1).argmax(1)


def net(d=5, classes=3, p=0.0, seed=0):
    with own_randomness(seed):
        layers = [nn.Linear(d, 16), nn.ReLU(), nn.Dropout(p), nn.Linear(16, classes)]
    return nn.Sequential(*layers)


def weights(model):
    return nn.utils.parameters_to_vector(model.parameters()).detach().clone()


# --- Batches ---------------------------------------------------------------------


def test_batches_cover_everything_once_with_a_smaller_last_one():
    x, y = torch.arange(10.0)[:, None], torch.arange(10)
    batches = Batches(x, y, 4, generator=torch.Generator().manual_seed(0))
    walk = list(batches)
    assert len(batches) == len(walk) == 3
    assert [len(b[0]) for b in walk] == [4, 4, 2]
    seen = torch.cat([b[1] for b in walk])
    assert sorted(seen.tolist()) == list(range(10))
    assert torch.equal(torch.cat([b[0] for b in walk])[:, 0].long(), seen)


def test_batches_draw_a_new_order_each_walk_and_repeat_with_the_generator():
    x, y = torch.randn(50, 2), torch.arange(50)

    def two_walks():
        batches = Batches(x, y, 7, generator=torch.Generator().manual_seed(3))
        return [torch.cat([b for _, b in batches]) for _ in range(2)]

    first, second = two_walks()
    assert not torch.equal(first, second)
    assert torch.equal(first, two_walks()[0])


def test_batches_in_order_without_shuffling():
    x, y = torch.randn(5, 2), torch.arange(5)
    assert torch.cat([b for _, b in Batches(x, y, 2, shuffle=False)]).tolist() == [
        *range(5)
    ]


@pytest.mark.parametrize(
    ("n_x", "n_y", "size", "words"),
    [
        (0, 0, 4, "at least one"),
        (3, 4, 4, "3 inputs and 4 labels"),
        (3, 3, 0, "batch_size >= 1"),
    ],
)
def test_batches_refuse(n_x, n_y, size, words):
    with pytest.raises(ValueError, match=words):
        Batches(torch.zeros(n_x, 2), torch.zeros(n_y), size)


@pytest.mark.parametrize(
    ("n", "size", "joined", "expected"),
    [
        (9, 4, False, [4, 4, 1]),
        (9, 4, True, [4, 5]),
        (10, 4, True, [4, 4, 2]),
        (8, 4, True, [4, 4]),
        (1, 4, True, [1]),
        (3, 1, True, [1, 1, 1]),
        (3, 8, True, [3]),
    ],
)
@pytest.mark.parametrize("shuffle", [True, False])
def test_a_last_batch_of_one_is_joined_on_demand(n, size, joined, expected, shuffle):
    data = torch.randn(n, 2), torch.arange(n)
    batches = Batches(*data, size, shuffle=shuffle, join_single=joined)
    walk = [y for _, y in batches]
    assert batch_sizes(n, size, join_single=joined) == expected
    assert [len(y) for y in walk] == expected
    assert len(batches) == len(expected)
    assert sorted(torch.cat(walk).tolist()) == list(range(n))


# --- fit -------------------------------------------------------------------------


def test_fit_equals_a_hand_written_loop():
    x, y = data()
    ours, theirs = net(), net()
    history = fit(ours, (x, y), epochs=3, batch_size=32, seed=7, progress=False)
    opt = torch.optim.AdamW(theirs.parameters(), lr=1e-3, weight_decay=0.0)
    order = torch.Generator().manual_seed(7)
    means = []
    for _ in range(3):
        total = 0.0
        for index in torch.randperm(len(x), generator=order).split(32):
            loss = F.cross_entropy(theirs(x[index]), y[index])
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() * len(index)
        means.append(total / len(x))
    torch.testing.assert_close(weights(ours), weights(theirs), atol=1e-6, rtol=1e-5)
    assert history.train_loss == pytest.approx(means, rel=1e-5)


def test_fit_learns_and_measures_like_evaluate():
    x, y = data(300)
    val = data(200, seed=1)
    model = net()
    history = fit(
        model,
        (x, y),
        epochs=30,
        val=val,
        optimizer=lambda p: torch.optim.AdamW(p, lr=1e-2),
        progress=False,
    )
    assert history.val_accuracy[-1] > 0.85
    assert history.val_loss[-1] < history.val_loss[0] / 2
    score = evaluate(model, val)
    assert history.val_loss[-1] == pytest.approx(score.loss)
    assert history.val_accuracy[-1] == score.accuracy
    assert all(len(c) == 30 for c in (history.train_loss, history.val_loss))
    assert history.seconds > 0
    assert history.device == "cpu"
    assert history.versions["torch"] == torch.__version__
    assert not model.training
    assert history.stopped == ""


def test_fit_is_reproducible_with_dropout_and_leaves_the_random_state_alone():
    torch.manual_seed(11)
    before = torch.get_rng_state()
    runs = []
    for seed in (5, 5, 6):
        model = net(p=0.5)
        fit(model, data(), epochs=2, seed=seed, progress=False)
        runs.append(weights(model))
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])
    assert torch.equal(torch.get_rng_state(), before)


def test_fit_restores_the_number_of_threads():
    torch.set_num_threads(2)
    seen = []

    class Watch:
        def on_epoch_end(self, state):
            seen.append(torch.get_num_threads())

    fit(net(), data(), epochs=1, callbacks=[Watch()], progress=False)
    assert seen == [1]
    assert torch.get_num_threads() == 2


def test_scheduler_steps_once_per_epoch():
    rates = []

    class Watch:
        def on_epoch_end(self, state):
            rates.append(state.optimizer.param_groups[0]["lr"])

    fit(
        net(),
        data(),
        epochs=3,
        optimizer=lambda p: torch.optim.SGD(p, lr=0.8),
        scheduler=lambda opt: torch.optim.lr_scheduler.StepLR(opt, 1, gamma=0.5),
        callbacks=[Watch()],
        progress=False,
    )
    assert rates == pytest.approx([0.4, 0.2, 0.1])


def test_transform_may_give_soft_targets():
    x, y = data()
    seen = []

    def smooth(xb, yb):
        seen.append(len(xb))
        return xb, F.one_hot(yb, 3) * 0.7 + 0.1

    one, two = net(), net()
    history = fit(
        one, (x, y), epochs=2, batch_size=50, transform=smooth, progress=False
    )
    fit(
        two,
        (x, y),
        epochs=2,
        batch_size=50,
        loss_fn=lambda out, t: F.cross_entropy(out, t, label_smoothing=0.3),
        progress=False,
    )
    assert seen == [50, 50, 30] * 2
    torch.testing.assert_close(weights(one), weights(two), atol=1e-6, rtol=1e-5)
    assert 0 <= history.train_accuracy[-1] <= 1


def test_regression_has_no_accuracy():
    x = torch.randn(64, 1)
    model = nn.Linear(1, 1)
    history = fit(
        model,
        (x, 2 * x[:, 0]),
        epochs=150,
        optimizer=lambda p: torch.optim.SGD(p, lr=0.1),
        loss_fn=lambda out, t: F.mse_loss(out[:, 0], t),
        progress=False,
    )
    assert model.weight.item() == pytest.approx(2, abs=1e-2)
    assert math.isnan(history.train_accuracy[-1])


def test_callback_stops_and_is_told_the_end():
    class Stop:
        ended = 0

        def on_epoch_end(self, state):
            assert len(state.history.train_loss) == state.epoch
            return state.epoch == 2

        def on_fit_end(self, state):
            self.ended = state.epoch

    stop = Stop()
    history = fit(net(), data(), epochs=9, callbacks=[stop, object()], progress=False)
    assert len(history.train_loss) == 2
    assert history.stopped == "by Stop"
    assert stop.ended == 2


def test_interrupt_returns_the_history_so_far():
    class Interrupt:
        def on_epoch_end(self, state):
            if state.epoch == 3:
                raise KeyboardInterrupt

    threads = torch.get_num_threads()
    model = net()
    history = fit(model, data(), epochs=9, callbacks=[Interrupt()], progress=False)
    assert len(history.train_loss) == 3
    assert history.stopped == "interrupted"
    assert not model.training
    assert torch.get_num_threads() == threads


def test_a_loss_that_explodes_stops_the_run_with_a_warning():
    with pytest.warns(UserWarning, match="smaller learning rate"):
        history = fit(
            net(),
            data(),
            epochs=9,
            optimizer=lambda p: torch.optim.SGD(p, lr=1e30),
            progress=False,
        )
    assert len(history.train_loss) < 9
    assert not math.isfinite(history.train_loss[-1])
    assert "loss was" in history.stopped


@pytest.mark.parametrize("bad", [math.inf, -math.inf, math.nan])
def test_a_loss_that_is_not_finite_stops_the_run_though_weights_are_sound(bad):
    """The gradient of such a loss is finite: only the loss itself can tell."""
    seen = []

    def loss(out, y):
        seen.append(len(y))
        shift = bad if len(seen) == 8 else 0.0  # in the second of five batches
        return F.cross_entropy(out, y) + shift

    model = net()
    with pytest.warns(UserWarning, match=f"became {bad} in epoch 2"):
        history = fit(
            model, data(), epochs=9, batch_size=32, loss_fn=loss, progress=False
        )
    assert history.stopped == f"loss was {bad}"
    assert len(history.train_loss) == 2
    assert weights(model).isfinite().all()


# --- fit: sums over batches -----------------------------------------------------------


class PerToken(nn.Module):
    """Tokens (N, T) -> scores (N, K, T), as cross-entropy wants them."""

    def __init__(self, vocabulary=12, classes=5):
        super().__init__()
        with own_randomness(0):
            self.embed = nn.Embedding(vocabulary, 8)
            self.out = nn.Linear(8, classes)

    def forward(self, tokens):
        return self.out(self.embed(tokens)).transpose(1, 2)


def tokens(n=50, length=7):
    x = torch.randint(12, (n, length), generator=torch.Generator().manual_seed(0))
    return x, x % 5


def test_accuracy_is_per_token_with_one_label_per_token():
    x, y = tokens()
    model = PerToken()
    before = evaluate(model, (x, y))
    with torch.no_grad():
        logits = model(x)
    right = (logits.argmax(1) == y).float().mean().item()
    assert before.accuracy == pytest.approx(right)
    assert before.loss == pytest.approx(F.cross_entropy(logits, y).item(), rel=1e-5)
    history = fit(
        model,
        (x, y),
        epochs=40,
        val=(x, y),
        batch_size=16,
        optimizer=lambda p: torch.optim.Adam(p, lr=0.05),
        progress=False,
    )
    assert 0 <= history.train_accuracy[0] < 1
    assert history.train_accuracy[-1] == history.val_accuracy[-1] == 1.0


def test_padding_counts_in_neither_loss_nor_accuracy():
    x, y = tokens()
    lengths = torch.randint(1, 8, (50,), generator=torch.Generator().manual_seed(1))
    y[torch.arange(7) >= lengths[:, None]] = -100
    model = PerToken()
    with torch.no_grad():
        logits = model(x)
    real = y != -100
    want = F.cross_entropy(logits, y).item()  # the mean over all real tokens
    for score in (
        evaluate(model, (x, y), batch_size=16),  # batches with fewer and more of them
        evaluate(model, (x, y), batch_size=50),
    ):
        assert score.loss == pytest.approx(want, rel=1e-5)
        right = (logits.argmax(1) == y)[real].float().mean().item()
        assert score.accuracy == pytest.approx(right)


def test_outputs_that_are_no_scores_of_the_labels_have_no_accuracy():
    x, y = tokens()

    class Last(PerToken):
        def forward(self, x):
            return super().forward(x).transpose(1, 2)  # (N, T, K)

    score = evaluate(
        Last(), (x, y), loss_fn=lambda out, y: F.cross_entropy(out.transpose(1, 2), y)
    )
    assert math.isnan(score.accuracy)
    assert score.loss > 0


def test_a_transform_may_change_some_batches_only():
    """MixUp with a probability: labels in some batches, probabilities in others."""
    x, y = data()
    calls = []

    def sometimes(xb, yb):
        calls.append(len(xb))
        soft = F.one_hot(yb, 3) * 0.7 + 0.1
        return (xb, soft) if len(calls) % 2 else (xb, yb)

    model = net()
    history = fit(
        model, (x, y), epochs=4, batch_size=32, transform=sometimes, progress=False
    )
    assert len(calls) == 20
    assert all(0 <= share <= 1 for share in history.train_accuracy)
    still = fit(
        net(),
        (x, y),
        epochs=1,
        batch_size=32,
        transform=sometimes,
        optimizer=lambda p: torch.optim.SGD(p, lr=0.0),
        progress=False,
    )
    with torch.no_grad():
        right = (net()(x).argmax(1) == y).float().mean().item()
    assert still.train_accuracy[0] == pytest.approx(right)  # same argmax, soft or not


def test_losses_in_half_precision_are_added_in_float32():
    """Sums of eight bits would stand still at 256 times a batch's share."""
    x, y = data(600)

    def rough(out, y):
        return F.cross_entropy(out, y).bfloat16()

    score = evaluate(net(), (x, y), loss_fn=rough, batch_size=1)
    exact = evaluate(net(), (x, y))
    assert score.loss == pytest.approx(exact.loss, rel=2e-3)
    assert score.accuracy == exact.accuracy


def tensors_alive():
    return sum(t.numel() for t in gc.get_objects() if type(t) in (Tensor, nn.Parameter))


def test_memory_stays_flat_within_an_epoch():
    """Outputs are large here; none may outlive its batch."""
    model = nn.Linear(4, 5000)
    alive = []

    def look(x, y):
        alive.append(tensors_alive())
        return x, y

    fit(
        model,
        (torch.randn(320, 4), torch.zeros(320, dtype=torch.int64)),
        epochs=1,
        val=(torch.randn(8, 4), torch.zeros(8, dtype=torch.int64)),
        batch_size=8,
        transform=look,
        progress=False,
    )
    assert len(alive) == 40
    assert max(alive[3:]) - alive[2] < 5000 * 8  # less than one batch's outputs


def test_evaluation_keeps_no_outputs():
    alive = []

    class Wide(nn.Linear):
        def forward(self, x):
            alive.append(tensors_alive())
            return super().forward(x)

    split = torch.randn(320, 4), torch.zeros(320, dtype=torch.int64)
    evaluate(Wide(4, 5000), split, batch_size=8)
    assert len(alive) == 40
    assert max(alive[3:]) - alive[2] < 5000 * 8


class CountWaits(TorchDispatchMode):
    """Count what would make the host wait for a GPU: reading a number from it."""

    def __init__(self):
        super().__init__()
        self.waits = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        aten = torch.ops.aten
        names = (aten._local_scalar_dense, aten.nonzero, aten.equal, aten.is_nonzero)
        self.waits += func.overloadpacket in names
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("kind", ["classes", "tokens"])
def test_nobody_waits_within_an_epoch(kind):
    def waits(n):
        x, y = data(n) if kind == "classes" else tokens(n)
        model = net() if kind == "classes" else PerToken()
        with CountWaits() as mode:
            fit(
                model,
                (x, y),
                epochs=1,
                batch_size=10,
                callbacks=[Clip(1.0)],
                progress=False,
            )
        return mode.waits

    assert waits(200) == waits(20)


# --- fit: between backward and step ---------------------------------------------------


class Clip:
    """Clip the gradient's norm, as a user's callback would."""

    def __init__(self, most):
        self.most, self.norms = most, []

    def on_backward_end(self, state):
        parameters = state.model.parameters()
        self.norms.append(nn.utils.clip_grad_norm_(parameters, self.most))


def clipped_by_hand(most):
    x, y = data()
    model = net()
    opt = torch.optim.SGD(model.parameters(), lr=0.5)
    order, norms = torch.Generator().manual_seed(7), []
    for _ in range(3):
        for index in torch.randperm(len(x), generator=order).split(32):
            opt.zero_grad()
            F.cross_entropy(model(x[index]), y[index]).backward()
            norms.append(nn.utils.clip_grad_norm_(model.parameters(), most))
            opt.step()
    return weights(model), torch.stack(norms)


@pytest.mark.parametrize("scaled", [False, True])
def test_a_callback_clips_true_gradients_before_the_step(monkeypatch, scaled):
    """With loss scaling, too: an unscaled gradient is a thousand times as large."""
    if scaled:
        monkeypatch.setattr(
            "helpers.training._loop.precision",
            lambda device: (nullcontext, torch.amp.GradScaler("cpu", init_scale=1024)),
        )
    clip, model = Clip(0.1), net()
    fit(
        model,
        data(),
        epochs=3,
        batch_size=32,
        seed=7,
        optimizer=lambda p: torch.optim.SGD(p, lr=0.5),
        callbacks=[object(), clip],
        progress=False,
    )
    expected, norms = clipped_by_hand(0.1)
    torch.testing.assert_close(weights(model), expected, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(torch.stack(clip.norms), norms, atol=1e-6, rtol=1e-4)
    assert (norms > 0.1).any(), "nothing was clipped: the test is too easy"
    assert len(norms) == 15


# --- fit: what rests ------------------------------------------------------------------


def normed(d=5):
    with own_randomness(0):
        return nn.Sequential(
            nn.Sequential(nn.Linear(d, 16), nn.BatchNorm1d(16), nn.Dropout(0.5)),
            nn.BatchNorm1d(16),
            nn.Linear(16, 3),
        )


def train_modes(model, **more):
    """Return each module's mode while it trains."""
    modes = []

    def look(x, y):
        modes[:] = [m.training for m in model.modules()]
        return x, y

    more = {"epochs": 2, "val": data(20, seed=1)} | more
    fit(model, data(), transform=look, progress=False, **more)
    names = [name or "root" for name, _ in model.named_modules()]
    return dict(zip(names, modes, strict=True))


def statistics(layer):
    return [layer.running_mean.clone(), layer.running_var.clone()]


def test_frozen_parts_stay_in_evaluation_mode():
    model = normed()
    model[0].requires_grad_(False)
    before = statistics(model[0][1]), statistics(model[1])
    modes = train_modes(model)
    assert not any(modes[name] for name in ("0", "0.0", "0.1", "0.2"))
    assert all(modes[name] for name in ("root", "1", "2"))
    torch.testing.assert_close(statistics(model[0][1]), before[0], rtol=0, atol=0)
    assert not torch.equal(model[1].running_mean, before[1][0])
    assert train_modes(model) == modes  # a second fit comes from evaluation mode


def test_parts_that_alone_were_in_evaluation_mode_stay_so():
    model = normed()
    model[1].eval()
    before = statistics(model[1])
    modes = train_modes(model)
    assert not modes["1"]
    assert all(mode for name, mode in modes.items() if name != "1")
    torch.testing.assert_close(statistics(model[1]), before, rtol=0, atol=0)


def test_a_model_wholly_in_evaluation_mode_is_trained():
    assert all(train_modes(normed().eval()).values())


def test_parts_unfrozen_by_a_callback_wake_up():
    class Thaw:
        def on_epoch_end(self, state):
            state.model[0].requires_grad_(True)

    model = normed()
    model[0].requires_grad_(False)
    assert all(train_modes(model, callbacks=[Thaw()]).values())


def test_a_last_batch_of_one_does_not_stop_batch_norm():
    sizes = []

    def look(x, y):
        sizes.append(len(x))
        return x, y

    history = fit(
        normed(), data(33), epochs=2, batch_size=16, transform=look, progress=False
    )
    assert sizes == [16, 17] * 2
    assert math.isfinite(history.train_loss[-1])


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda x, y: (x[:0], y[:0]), ValueError, "at least one"),
        (lambda x, y: (x, y[:-1]), ValueError, "130 inputs and 129 labels"),
        (lambda x, y: (x.byte(), y), TypeError, "floating inputs"),
        (lambda x, y: (x, y[:, None].int()), TypeError, "int64 class labels"),
        (lambda x, y: (x, y.int()), TypeError, "int64 class labels"),
        (lambda x, y: (x, y.float()), TypeError, "another loss_fn for regression"),
    ],
)
def test_fit_refuses_data(change, error, words):
    with pytest.raises(error, match=words):
        fit(net(), change(*data()), epochs=1, progress=False)


def test_fit_refuses_a_loss_that_is_not_a_number():
    def each(out, y):
        return F.cross_entropy(out, y, reduction="none")

    with pytest.raises(ValueError, match="one number"):
        fit(net(), data(), epochs=1, loss_fn=each, progress=False)


def test_progress_bar_is_quiet_when_headless(monkeypatch, capsys):
    fit(net(), data(), epochs=1)
    assert "training" in capsys.readouterr().err
    monkeypatch.setenv("COURSE_HEADLESS", "1")
    fit(net(), data(), epochs=1)
    assert capsys.readouterr().err == ""


@pytest.fixture
def bars(monkeypatch):
    """Bars as a notebook shows them: (style, value, maximum, words)."""
    from functools import partial

    from tqdm.notebook import tqdm

    made = []

    class Kept(tqdm):
        def __init__(self, *args, **options):
            super().__init__(*args, display=False, **options)
            made.append(self)

    monkeypatch.setattr("helpers.training._loop.tqdm", partial(Kept, mininterval=0))

    def look():
        left, bar, right = made[-1].container.children
        words = f"{left.value}{right.value}".replace("\u2007", " ")
        return bar.bar_style, bar.value, bar.max, words

    return look


class Ends:
    def __init__(self, how):
        self.how = how

    def on_epoch_end(self, state):
        return state.epoch == 2 and self.how()


def interrupt():
    raise KeyboardInterrupt


def test_a_bar_that_a_callback_ends_is_full_and_says_why(bars):
    history = fit(net(), data(), epochs=5, callbacks=[Ends(lambda: True)])
    assert history.stopped == "by Ends"
    style, value, maximum, words = bars()
    assert (style, value, maximum) == ("success", 2, 2)
    assert "stopped by Ends after 2 of 5 epochs" in words
    assert "loss=" in words
    fit(net(), data(), epochs=2)
    style, value, maximum, words = bars()
    assert (style, value, maximum) == ("success", 2, 2)
    assert "stopped" not in words


def test_a_bar_of_an_interrupted_run_says_so(bars):
    fit(net(), data(), epochs=5, callbacks=[Ends(interrupt)])
    style, value, maximum, words = bars()
    assert (style, value, maximum) == ("danger", 1, 5)
    assert "interrupted after 2 of 5 epochs" in words


# --- evaluate and the small ones -----------------------------------------------------


def test_evaluate_averages_over_examples_and_restores_every_mode():
    x, y = data(100)
    model = net(p=0.5).train()
    model[0].eval()
    score = evaluate(model, (x, y), batch_size=33)
    assert [m.training for m in model] == [False, True, True, True]
    with torch.no_grad():
        logits = model.eval()(x)
    assert score.loss == pytest.approx(F.cross_entropy(logits, y).item(), rel=1e-5)
    assert score.accuracy == pytest.approx((logits.argmax(1) == y).float().mean())


def half(device):
    """What `precision` answers on a recent GPU, on the CPU."""
    scaler = torch.amp.GradScaler("cpu", enabled=False)
    return lambda: torch.autocast("cpu", torch.bfloat16), scaler


def test_validation_is_in_float32_where_training_is_not(monkeypatch):
    monkeypatch.setattr("helpers.training._loop.precision", half)
    val, seen = data(200, seed=1), {}

    class Watched(nn.Sequential):
        def forward(self, x):
            out = super().forward(x)
            seen[self.training] = out.dtype
            return out

    model = Watched(*net())
    history = fit(model, data(), epochs=2, val=val, progress=False)
    assert seen == {True: torch.bfloat16, False: torch.float32}
    with torch.no_grad():
        exact = F.cross_entropy(model(val[0]), val[1]).item()
    assert history.val_loss[-1] == pytest.approx(exact, rel=1e-6)


def test_count_parameters_counts_what_trains_once():
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    assert count_parameters(model) == 24
    model[1].weight = model[0].weight
    assert count_parameters(model) == 15
    model[0].bias.requires_grad_(False)
    assert count_parameters(model) == 12


def test_one_thread_is_undone_after_an_error():
    torch.set_num_threads(2)

    def fails():
        with one_thread():
            raise RuntimeError(f"{torch.get_num_threads()} inside")

    with pytest.raises(RuntimeError, match="1 inside"):
        fails()
    assert torch.get_num_threads() == 2


def test_fit_compiles_on_demand_only(monkeypatch):
    compiled = []
    monkeypatch.setattr(torch, "compile", lambda m: compiled.append(m) or m)
    model = net()
    fit(model, data(), epochs=1, progress=False)
    assert compiled == []
    fit(model, data(), epochs=1, compile=True, progress=False)
    assert compiled == [model]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_fit_on_cuda_trains_there_without_waiting_inside_an_epoch():
    x, y = data(512)
    state = torch.cuda.get_rng_state()
    model = net(p=0.2)
    optimizer_seen = []

    class Watch:
        def on_epoch_end(self, s):
            optimizer_seen.append(s.optimizer.defaults["fused"])

    history = fit(
        model,
        (x, y),
        epochs=20,
        val=(x, y),
        batch_size=64,
        device="cuda",
        callbacks=[Watch()],
        progress=False,
    )
    assert next(model.parameters()).is_cuda
    assert history.val_loss[-1] < history.val_loss[0]
    assert all(optimizer_seen)
    assert torch.equal(torch.cuda.get_rng_state(), state)

    def forbid_waiting(xb, yb):
        torch.cuda.set_sync_debug_mode("error")  # from the first batch to the last
        return xb, yb

    class Allow(torch.optim.AdamW):
        steps = 0

        def step(self, *args, **kwargs):
            result = super().step(*args, **kwargs)
            Allow.steps += 1
            if Allow.steps == 8:
                torch.cuda.set_sync_debug_mode("default")
            return result

    try:
        fit(
            model,
            (x, y),
            epochs=1,
            batch_size=64,
            device="cuda",
            optimizer=lambda p: Allow(p, fused=True),
            transform=forbid_waiting,
            progress=False,
        )
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert Allow.steps == 8


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_callback_may_clip_on_cuda_without_waiting():
    x, y = data(512)

    class Guarded(Clip):
        def on_backward_end(self, state):
            torch.cuda.set_sync_debug_mode("error")
            super().on_backward_end(state)
            torch.cuda.set_sync_debug_mode("default")

    clip = Guarded(0.01)
    try:
        fit(net(), (x, y), epochs=2, device="cuda", callbacks=[clip], progress=False)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert len(clip.norms) == 8
    assert all(norm.isfinite() for norm in clip.norms)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_validation_on_cuda_is_in_float32():
    model, val = net(), data(2000, seed=1)
    history = fit(model, data(512), epochs=3, val=val, device="cuda", progress=False)
    score = evaluate(model.cpu(), val)
    assert history.val_loss[-1] == pytest.approx(score.loss, rel=1e-4)  # bf16: 1e-2


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two CUDA devices")
def test_the_second_cuda_device_has_its_own_masks_and_state():
    states = torch.cuda.get_rng_state_all()
    runs = []
    for device in ("cuda:0", "cuda:1", "cuda:1"):
        model = net(p=0.5)
        fit(model, data(), epochs=2, device=device, progress=False)
        runs.append(weights(model).cpu())
    assert torch.equal(runs[1], runs[2])
    torch.testing.assert_close(runs[0], runs[1])
    for before, after in zip(states, torch.cuda.get_rng_state_all(), strict=True):
        assert torch.equal(before, after)
