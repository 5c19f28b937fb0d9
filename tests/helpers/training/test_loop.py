"""The training loop: what it computes, what it leaves alone, what it refuses."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers.training import (
    Batches,
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


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda x, y: (x[:0], y[:0]), ValueError, "at least one"),
        (lambda x, y: (x, y[:-1]), ValueError, "130 inputs and 129 labels"),
        (lambda x, y: (x.byte(), y), TypeError, "floating inputs"),
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
