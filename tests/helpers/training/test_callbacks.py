"""Early stopping, checkpoints and schedules, by themselves and inside `fit`."""

import contextlib
import copy
import math
import os
import pickle
import signal
import subprocess
import sys
import textwrap

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler

from helpers.training import CURVES, fit, own_randomness
from helpers.training.callbacks import (
    Checkpoint,
    EarlyStopping,
    StepSchedule,
    cosine_schedule,
    load_checkpoint,
    read_checkpoint,
    save_checkpoint,
)


def data(n=130, d=5, classes=3, seed=0):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, d, generator=g)
    return x, (x[:, :classes] + 0.1).argmax(1)


def net(seed=0, p=0.3):
    with own_randomness(seed):
        return nn.Sequential(
            nn.Linear(5, 16),
            nn.BatchNorm1d(16),
            nn.ReLU(),
            nn.Dropout(p),
            nn.Linear(16, 3),
        )


def sgd(params):
    return torch.optim.SGD(params, lr=0.3, momentum=0.9)


def train(model, callbacks=(), epochs=10, **more):
    more = {"val": data(60, seed=1), "batch_size": 32, "seed": 4} | more
    return fit(
        model, data(), epochs=epochs, callbacks=callbacks, progress=False, **more
    )


def assert_same(a, b):
    a, b = a.state_dict(), b.state_dict()
    assert a.keys() == b.keys()
    assert all(torch.equal(a[name], b[name]) for name in a)


def curves(history):
    return {name: getattr(history, name) for name in CURVES}


# --- early stopping by itself ---------------------------------------------------------


def stops(values, **settings):
    """Return what update said for each value, and the stopper."""
    stopper, model = EarlyStopping(**settings), nn.Linear(1, 1)
    return [stopper.update(value, model) for value in values], stopper


@pytest.mark.parametrize(
    ("values", "settings", "said", "best"),
    [
        ([3, 2, 2, 2], {"patience": 2}, [0, 0, 0, 1], (2, 1)),  # ties are none
        ([3, math.nan, math.nan], {"patience": 2}, [0, 0, 1], (3, 0)),
        ([math.nan, 5, 6], {"patience": 1}, [1, 0, 1], (5, 1)),
        ([3, 4, 2, 4, 4], {"patience": 2}, [0, 0, 0, 0, 1], (2, 2)),  # in a row
        ([4, 3.5, 3.25, 2], {"patience": 9, "min_delta": 0.5}, [0] * 4, (2, 3)),
        (
            [1, 1.5, 1.25, 1.75],
            {"patience": 2, "min_delta": 0.5, "mode": "max"},
            [0, 0, 1, 0],
            (1.75, 3),
        ),
        ([1, 2, 1, 3], {"patience": 1, "mode": "max"}, [0, 0, 1, 0], (3, 3)),
        ([torch.tensor(1.0), 2], {"patience": 1}, [0, 1], (1, 0)),
    ],
)
def test_early_stopping_counts(values, settings, said, best):
    answers, stopper = stops(values, **settings)
    assert answers == [bool(s) for s in said]
    assert (stopper.best_value, stopper.best_step) == best


def test_nothing_is_best_before_the_first_number():
    _, stopper = stops([math.nan])
    assert (stopper.best_value, stopper.best_step) == (math.inf, None)
    with pytest.raises(RuntimeError, match="call update"):
        stopper.restore(nn.Linear(1, 1))


def test_best_weights_and_buffers_are_copies_restored_as_often_as_asked():
    model, stopper = net(), EarlyStopping()
    kept = copy.deepcopy(model)
    stopper.update(1.0, model)
    for _ in range(2):
        with torch.no_grad():
            for tensor in model.state_dict().values():
                tensor.add_(1)
        stopper.restore(model)
        assert_same(model, kept)
    fresh = net(seed=9)
    stopper.restore(fresh)
    assert_same(fresh, kept)


def test_early_stopping_goes_on_from_its_state():
    _, first = stops([3, 2, 4, 4], patience=3)
    second = EarlyStopping(patience=3)
    second.load_state_dict(first.state_dict())
    model = nn.Linear(1, 1)
    assert second.update(5, model)
    assert (second.best_value, second.best_step) == (2, 1)
    second.update(1, model)
    assert second.best_step == 5
    assert first.best_value == 2


# --- early stopping in fit ------------------------------------------------------------


def test_early_stopping_in_fit_equals_a_loop_by_hand():
    kept, losses = [], []

    class Keep:
        def on_epoch_end(self, state):
            kept.append(copy.deepcopy(state.model))
            losses.append(state.history.val_loss[-1])

    train(net(), [Keep()], epochs=25, optimizer=sgd)
    best, stop = 0, None
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        elif epoch - best >= 2 and stop is None:
            stop = epoch
            break
    assert stop is not None, "the run is too easy to test anything"
    assert best > 0, "the run is too easy to test anything"

    model, stopper = net(), EarlyStopping(patience=2)
    history = train(model, [stopper], epochs=25, optimizer=sgd)
    assert history.val_loss == losses[: stop + 1]
    assert history.stopped == "by EarlyStopping"
    assert (stopper.best_step, stopper.best_value) == (best, losses[best])
    assert_same(model, kept[best])
    assert not model.training


def test_a_stopper_starts_afresh_with_every_fit():
    stopper = EarlyStopping(patience=2)
    train(net(), [stopper], epochs=25, optimizer=sgd)
    once = stopper.best_value, stopper.best_step
    train(net(), [stopper], epochs=25, optimizer=sgd)
    assert (stopper.best_value, stopper.best_step) == once


@pytest.fixture
def listening():
    """Ctrl-C as in a terminal; whoever runs the tests in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("listening")
@pytest.mark.parametrize("where", ["batch", "validation"])
def test_a_real_ctrl_c_returns_history_and_best_weights(where):
    kept, stopper = [], EarlyStopping(patience=99)

    class Keep:
        def on_epoch_end(self, state):
            kept.append(copy.deepcopy(state.model))

    class Interrupting(nn.Module):
        calls = 0

        def __init__(self):
            super().__init__()
            self.inner = net()

        def forward(self, x):
            self.calls += self.training == (where == "batch")
            if self.calls == (23 if where == "batch" else 5):  # 5 batches an epoch
                os.kill(os.getpid(), signal.SIGINT)
            return self.inner(x)

    model = Interrupting()
    history = train(model, [stopper, Keep()], epochs=25)
    assert history.stopped == "interrupted"
    assert {len(curve) for curve in curves(history).values()} == {4}
    assert stopper.best_value == min(history.val_loss)
    assert_same(model, kept[stopper.best_step])
    assert not any(module.training for module in model.modules())


def test_ctrl_c_before_anything_was_measured_leaves_the_weights():
    def interrupt(x, y):
        raise KeyboardInterrupt

    model = net()
    history = train(model, [EarlyStopping()], transform=interrupt)
    assert history.train_loss == []
    assert_same(model, net())


def test_early_stopping_watches_an_accuracy():
    stopper = EarlyStopping(patience=2, mode="max", monitor="val_accuracy")
    history = train(net(), [stopper], epochs=25, optimizer=sgd)
    assert stopper.best_value == max(history.val_accuracy)
    assert len(history.val_accuracy) == stopper.best_step + 3


# --- checkpoints by themselves --------------------------------------------------------


def some_steps(model, optimizer, n):
    x, y = data()
    for _ in range(n):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()


@pytest.mark.parametrize("make", [torch.optim.AdamW, sgd])
@pytest.mark.parametrize("kind", [str, lambda path: path])
def test_a_loop_by_hand_goes_on_bit_for_bit(tmp_path, make, kind):
    path = kind(tmp_path / "run.pt")
    with own_randomness(3):
        whole = net()
        opt = make(whole.parameters())
        some_steps(whole, opt, 5)
        save_checkpoint(path, whole, opt, 5, note="half", values=torch.arange(3))
        some_steps(whole, opt, 5)
    with own_randomness(8):
        resumed = net(seed=9)
        opt = make(resumed.parameters())
        assert load_checkpoint(path, resumed, opt) == 5
        some_steps(resumed, opt, 5)
    assert_same(whole, resumed)
    assert read_checkpoint(path)["more"]["note"] == "half"
    assert os.listdir(tmp_path) == ["run.pt"]


WRITER = """
import os, sys, time
import torch
from torch import nn
import helpers.files, helpers.training.checkpoints

class Stuck:
    def __init__(self, *args):
        self.file, self.written = open(*args), 0
    def __enter__(self):
        return self
    def __exit__(self, *args):
        self.file.close()
    def write(self, data):
        self.file.write(bytes(data))
        self.file.flush()
        self.written += len(data)
        if self.written > 500_000:
            print("half", flush=True)
            time.sleep(60)
        return len(data)

helpers.files.open = Stuck
model = nn.ModuleList(nn.Linear(250, 250) for _ in range(4))  # 1 MB
optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
helpers.training.checkpoints.save_checkpoint(sys.argv[1], model, optimizer, 2)
print("whole", flush=True)
"""


def test_a_writer_killed_half_way_leaves_the_old_checkpoint(tmp_path):
    path = tmp_path / "run.pt"
    model = nn.ModuleList(nn.Linear(250, 250) for _ in range(4))
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    save_checkpoint(path, model, optimizer, 1)
    before, size = copy.deepcopy(model), path.stat().st_size
    command = [sys.executable, "-c", textwrap.dedent(WRITER), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        said = writer.stdout.readline()
        writer.send_signal(signal.SIGKILL)
    assert said == "half\n"
    assert writer.returncode == -signal.SIGKILL
    (part,) = tmp_path.glob(".run.pt.*.part")
    assert 500_000 < part.stat().st_size < size
    with torch.no_grad():
        model[0].weight.zero_()
    assert load_checkpoint(path, model, optimizer) == 1
    assert_same(model, before)
    os.utime(part, (0, 0))
    save_checkpoint(path, model, optimizer, 3)  # what was left over is swept away
    assert load_checkpoint(path, model, optimizer) == 3
    assert not part.exists()


def test_an_error_while_writing_leaves_the_old_checkpoint_and_no_litter(
    tmp_path, monkeypatch
):
    path, model = tmp_path / "run.pt", net()
    optimizer = sgd(model.parameters())
    save_checkpoint(path, model, optimizer, 1)

    def full(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="disk full"):
        save_checkpoint(path, model, optimizer, 2)
    assert load_checkpoint(path, model, optimizer) == 1
    assert os.listdir(tmp_path) == ["run.pt"]


class Malicious:
    """Makes a folder when unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def unpickle(path):
    return pickle.loads(path.read_bytes())


def load_unsafely(path):
    return torch.load(path, weights_only=False)


@pytest.mark.parametrize(
    ("write", "run"),
    [
        (torch.save, load_unsafely),
        (
            lambda content, path: path.write_bytes(pickle.dumps(content, protocol=2)),
            unpickle,
        ),
    ],
)
def test_code_in_a_file_is_not_run(tmp_path, write, run):
    path, trace = tmp_path / "run.pt", tmp_path / "trace"
    write({"model": Malicious(trace)}, path)
    model = net()
    with pytest.raises(ValueError, match="nothing in it was run"):
        load_checkpoint(path, model, sgd(model.parameters()))
    assert not trace.exists()
    run(path)
    assert trace.exists()  # the trap was armed


def test_saving_refuses_what_loading_would(tmp_path):
    model = net()
    with pytest.raises(TypeError, match="plain values"):
        save_checkpoint(
            tmp_path / "a.pt", model, sgd(model.parameters()), 1, bad=Malicious("x")
        )
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 half"])
def test_a_damaged_file_is_named(tmp_path, content):
    path, model = tmp_path / "run.pt", net()
    path.write_bytes(content)
    with pytest.raises(ValueError, match="expected a file by save_checkpoint"):
        load_checkpoint(path, model, sgd(model.parameters()))


@pytest.mark.parametrize("other", [{"model": {}}, [1, 2], torch.zeros(2)])
def test_another_file_is_named(tmp_path, other):
    torch.save(other, tmp_path / "run.pt")
    with pytest.raises(ValueError, match="expected a file by save_checkpoint"):
        read_checkpoint(tmp_path / "run.pt")


def test_missing_files_and_folders_are_named(tmp_path):
    model = net()
    with pytest.raises(FileNotFoundError, match="no checkpoint at"):
        load_checkpoint(tmp_path / "run.pt", model, sgd(model.parameters()))
    with pytest.raises(FileNotFoundError, match="no folder"):
        save_checkpoint(tmp_path / "no" / "run.pt", model, sgd(model.parameters()), 1)
    with pytest.raises(FileNotFoundError, match="no folder"):
        train(model, [Checkpoint(tmp_path / "no" / "run.pt")])


# --- checkpoints in fit ---------------------------------------------------------------


def plateau(opt):
    return lr_scheduler.ReduceLROnPlateau(opt, patience=0, factor=0.5)


SCHEDULERS = {
    "none": None,
    "steps": lambda opt: lr_scheduler.StepLR(opt, 2, gamma=0.5),
    "milestones": lambda opt: lr_scheduler.MultiStepLR(opt, [3, 7]),
    "lambda": lambda opt: lr_scheduler.LambdaLR(opt, lambda epoch: 0.9**epoch),
    "cosine": lambda opt: lr_scheduler.CosineAnnealingLR(opt, 10),
    "one cycle": lambda opt: lr_scheduler.OneCycleLR(opt, 0.5, total_steps=11),
    "warm-up": lambda opt: lr_scheduler.SequentialLR(
        opt,
        [lr_scheduler.LinearLR(opt), lr_scheduler.ExponentialLR(opt, 0.9)],
        milestones=[4],
    ),
    "plateau": plateau,
}


@pytest.mark.parametrize("name", SCHEDULERS)
def test_ten_epochs_equal_five_and_five(tmp_path, name):
    more = {"optimizer": sgd, "scheduler": SCHEDULERS[name]}
    whole, half, rest = net(), net(), net(seed=9)
    expected = train(whole, epochs=10, **more)
    train(half, [Checkpoint(tmp_path / "run.pt", 3)], epochs=5, **more)
    again = Checkpoint(tmp_path / "run.pt", 3, resume=True)
    history = train(rest, [again], epochs=10, **more)
    assert curves(history) == curves(expected)
    assert_same(rest, whole)


def test_resume_with_early_stopping_and_a_schedule_after_a_kill(tmp_path):
    def callbacks(**more):
        schedule = StepSchedule(lambda step: cosine_schedule(step, 125, 0.3, 0.01, 9))
        stopper = EarlyStopping(patience=4)
        return [stopper, schedule, Checkpoint(tmp_path / "run.pt", **more)]

    class Killed(Exception):
        pass

    class Kill:
        def on_epoch_end(self, state):
            if state.epoch == 4:
                raise Killed  # epochs 1 to 3 are on the disk

    first = callbacks()
    whole = net()
    expected = train(whole, first, epochs=25, optimizer=sgd)
    (tmp_path / "run.pt").unlink()
    with pytest.raises(Killed):
        train(net(), [Kill(), *callbacks()], epochs=25, optimizer=sgd)
    assert read_checkpoint(tmp_path / "run.pt")["epoch"] == 3
    rest, again = net(seed=9), callbacks(resume=True)
    history = train(rest, again, epochs=25, optimizer=sgd)
    assert curves(history) == curves(expected)
    assert history.stopped == expected.stopped
    assert again[0].best_step == first[0].best_step
    assert_same(rest, whole)


def test_resume_of_a_finished_run_trains_no_more(tmp_path):
    model, rest = net(), net(seed=9)
    expected = train(model, [Checkpoint(tmp_path / "run.pt")], epochs=3)
    again = Checkpoint(tmp_path / "run.pt", resume=True)
    assert curves(train(rest, [again], epochs=3)) == curves(expected)
    assert_same(rest, model)


@pytest.mark.parametrize("every", [1, 3])
def test_resume_of_a_run_that_was_stopped_early_ends_where_it_did(tmp_path, every):
    def callbacks(**more):
        return [EarlyStopping(2), Checkpoint(tmp_path / "run.pt", every, **more)]

    model, rest = net(), net(seed=9)
    expected = train(model, callbacks(), epochs=25, optimizer=sgd)
    again = train(rest, callbacks(resume=True), epochs=25, optimizer=sgd)
    assert len(expected.train_loss) < 25
    assert curves(again) == curves(expected)
    assert again.stopped == expected.stopped == "by EarlyStopping"
    assert_same(rest, model)


def test_checkpoints_are_written_every_so_often_and_at_the_end(tmp_path):
    path, seen = tmp_path / "run.pt", []

    class Look:
        def on_epoch_end(self, state):
            seen.append(read_checkpoint(path)["epoch"] if path.exists() else 0)

    train(net(), [Look(), Checkpoint(path, 3)], epochs=8)
    assert seen == [0, 0, 0, 3, 3, 3, 6, 6]
    assert read_checkpoint(path)["epoch"] == 8


def test_a_run_that_diverged_does_not_replace_a_good_checkpoint(tmp_path):
    path, factor = tmp_path / "run.pt", [1.0]

    class Break:
        def on_epoch_end(self, state):
            factor[0] = math.nan if state.epoch == 2 else 1.0

    def loss(out, y):
        return nn.functional.cross_entropy(out, y) * factor[0]

    with pytest.warns(UserWarning, match="smaller learning rate"):
        history = train(net(), [Break(), Checkpoint(path)], loss_fn=loss)
    assert len(history.train_loss) == 3
    content = read_checkpoint(path)
    assert content["epoch"] == 2
    assert all(tensor.isfinite().all() for tensor in content["model"].values())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_ten_epochs_equal_five_and_five_on_cuda(tmp_path):
    whole, half, rest = net(), net(), net(seed=9)
    expected = train(whole, epochs=10, device="cuda")
    train(half, [Checkpoint(tmp_path / "run.pt")], epochs=5, device="cuda")
    again = Checkpoint(tmp_path / "run.pt", resume=True)
    history = train(rest, [again], epochs=10, device="cuda")
    assert curves(history) == curves(expected)
    assert_same(rest, whole)
    assert next(rest.parameters()).is_cuda


def test_gradient_scaler_is_part_of_a_checkpoint(tmp_path, monkeypatch):
    def scaled(device):
        scaler = torch.amp.GradScaler("cpu", init_scale=8.0, growth_interval=7)
        return contextlib.nullcontext, scaler

    monkeypatch.setattr("helpers.training._loop.precision", scaled)
    seen = []

    class Look:
        def on_epoch_end(self, state):
            seen.append(state.scaler.get_scale())

    path = tmp_path / "run.pt"
    train(net(), [Look()], epochs=4, optimizer=sgd)
    expected, seen[:] = seen[:], []
    train(net(), [Look(), Checkpoint(path)], epochs=2, optimizer=sgd)
    train(net(), [Look(), Checkpoint(path, resume=True)], epochs=4, optimizer=sgd)
    assert seen == expected
    assert len(set(seen)) > 1


# --- schedules ------------------------------------------------------------------------


def rates(callbacks=(), epochs=3, **more):
    """Return the rate of every optimizer step."""
    seen = []

    class Watched(torch.optim.SGD):
        def step(self, closure=None):
            super().step(closure)
            seen.append(self.param_groups[0]["lr"])

    train(
        net(),
        callbacks,
        epochs=epochs,
        optimizer=lambda p: Watched(p, lr=0.1),
        **more,
    )
    return seen


def test_cosine_schedule():
    rate = [cosine_schedule(step, 12, 2.0, 0.5, 4) for step in range(15)]
    assert rate[:5] == [0.0, 0.5, 1.0, 1.5, 2.0]
    assert rate[8] == pytest.approx(1.25)
    assert rate[12:] == pytest.approx([0.5] * 3)
    assert all(a > b for a, b in zip(rate[4:12], rate[5:13], strict=True))
    assert cosine_schedule(0, 10, 3.0) == 3.0
    assert cosine_schedule(10, 10, 3.0) == pytest.approx(0)


def test_step_schedule_sets_every_step():
    def schedule(step):
        return cosine_schedule(step, 15, 0.2, warmup_steps=4)

    per_step = StepSchedule(schedule)
    for _ in range(2):  # and starts afresh
        assert rates([per_step]) == [schedule(step) for step in range(15)]
    per_epoch = StepSchedule(lambda epoch: 0.5**epoch, per="epoch")
    assert rates([per_epoch]) == [1.0] * 5 + [0.5] * 5 + [0.25] * 5


def test_step_schedule_keeps_the_ratios_of_the_groups_rates():
    """A pretrained layer at a tenth of the head's rate stays at a tenth."""
    seen = []

    class Look:
        def on_epoch_end(self, state):
            seen.append([group["lr"] for group in state.optimizer.param_groups])

    def two_groups(params):
        first, *rest = params
        groups = [{"params": rest, "lr": 0.5}, {"params": [first], "lr": 0.05}]
        return torch.optim.SGD(groups)

    schedule = StepSchedule(lambda epoch: 0.4 * 0.5**epoch, per="epoch")
    for _ in range(2):  # and starts afresh
        seen.clear()
        train(net(), [schedule, Look()], epochs=3, optimizer=two_groups)
        assert seen == [pytest.approx([r, r / 10]) for r in (0.4, 0.2, 0.1)]


def test_step_schedule_refuses_ratios_to_nothing():
    def still(params):
        first, *rest = params
        groups = [{"params": rest, "lr": 0.0}, {"params": [first], "lr": 0.05}]
        return torch.optim.SGD(groups)

    with pytest.raises(ValueError, match="first parameter group"):
        train(net(), [StepSchedule(lambda step: 0.1)], optimizer=still)


@pytest.mark.parametrize("with_val", [True, False])
@pytest.mark.parametrize("mode", ["min", "max"])
def test_plateau_watches_the_right_curve(monkeypatch, mode, with_val):
    got, histories = [], []
    step = lr_scheduler.ReduceLROnPlateau.step

    def spy(self, metrics, *args):
        got.append(metrics)
        return step(self, metrics, *args)

    monkeypatch.setattr(lr_scheduler.ReduceLROnPlateau, "step", spy)
    more = {} if with_val else {"val": None}
    history = train(
        net(),
        scheduler=lambda opt: lr_scheduler.ReduceLROnPlateau(opt, mode),
        epochs=4,
        **more,
    )
    histories.append(history)
    kind = {"min": "loss", "max": "accuracy"}[mode]
    where = "val" if with_val else "train"
    assert got == getattr(history, f"{where}_{kind}")


def test_plateau_halves_the_rate():
    def stuck(opt):
        return lr_scheduler.ReduceLROnPlateau(
            opt, patience=0, factor=0.5, threshold=1e9, threshold_mode="abs"
        )

    seen = rates(epochs=3, scheduler=stuck)
    assert seen == [0.1] * 10 + [0.05] * 5


# --- what is refused ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: EarlyStopping(patience=0), ValueError, "patience >= 1, got 0"),
        (lambda: EarlyStopping(patience=2.5), ValueError, "patience >= 1, got 2.5"),
        (lambda: EarlyStopping(min_delta=-1), ValueError, "min_delta >= 0"),
        (lambda: EarlyStopping(min_delta=math.nan), ValueError, "min_delta >= 0"),
        (lambda: EarlyStopping(mode="best"), ValueError, "'min' or 'max'"),
        (lambda: EarlyStopping(monitor="loss"), ValueError, "val_loss"),
        (lambda: Checkpoint("a.pt", 0), ValueError, "every to be a whole number"),
        (lambda: StepSchedule(0.1), TypeError, "a function step -> rate"),
        (lambda: StepSchedule(abs, per="batch"), ValueError, "'step' or 'epoch'"),
        (lambda: cosine_schedule(-1, 5, 1.0), ValueError, "step >= 0"),
        (lambda: cosine_schedule(1, 5, 1.0, 0.0, 5), ValueError, "warmup_steps < tot"),
        (
            lambda: train(net(), [EarlyStopping(monitor="val_accuracy")]),
            ValueError,
            "mode='max' for an accuracy",
        ),
        (
            lambda: train(net(), [EarlyStopping()], val=None),
            ValueError,
            "validation data",
        ),
        (
            lambda: train(net(), [StepSchedule(lambda step: -0.1)]),
            ValueError,
            "a rate >= 0 from the schedule, got -0.1",
        ),
        (
            lambda: train(net(), [StepSchedule(abs)], scheduler=SCHEDULERS["steps"]),
            ValueError,
            "expected one schedule",
        ),
        (
            lambda: train(net(), [Checkpoint("a.pt"), EarlyStopping()]),
            ValueError,
            "last one in callbacks",
        ),
    ],
)
def test_bad_arguments(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_resume_with_other_callbacks_is_refused(tmp_path):
    path = tmp_path / "run.pt"
    train(net(), [EarlyStopping(), Checkpoint(path)], epochs=1)
    with pytest.raises(ValueError, match="callbacks the checkpoint was written with"):
        train(net(), [Checkpoint(path, resume=True)], epochs=2)


def same_trees(a, b):
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same_trees(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same_trees, a, b))
    return a == b


def wider():
    return nn.Sequential(nn.Linear(5, 17), nn.BatchNorm1d(17), nn.Linear(17, 3))


def with_another_kind_of_state(content):
    content["more"]["parts"]["callback 1: EarlyStopping"] = {"calls": 3}


def with_an_order_of_no_generator(content):
    content["more"]["order"] = torch.zeros(3, dtype=torch.uint8)


def with_a_random_state_of_no_generator(content):
    content["random"]["cpu"] = torch.zeros(3, dtype=torch.uint8)


def with_one_group_less(content):
    content["optimizer"]["param_groups"] = []


@pytest.mark.parametrize(
    "damage",
    [
        with_another_kind_of_state,
        with_an_order_of_no_generator,
        with_a_random_state_of_no_generator,
        with_one_group_less,
        wider,
        "other callbacks",
        "no checkpoint",
    ],
)
def test_a_failed_resume_changes_nothing(tmp_path, damage):
    """Neither the stopper, which knows an earlier run, nor model, nor random state."""
    path, stopper = tmp_path / "run.pt", EarlyStopping(patience=9)
    train(net(), [stopper, Checkpoint(path)], epochs=4, optimizer=sgd)
    model = wider() if damage is wider else net(seed=9)
    train(model, [stopper], epochs=2, optimizer=sgd)  # the earlier run
    if damage == "no checkpoint":
        path.write_bytes(b"no checkpoint")
    elif callable(damage) and damage is not wider:
        content = torch.load(path, weights_only=True)
        damage(content)
        torch.save(content, path)
    callbacks = [stopper, Checkpoint(path, resume=True)]
    if damage == "other callbacks":
        callbacks.insert(1, StepSchedule(lambda step: 0.1))
    known = copy.deepcopy((stopper.state_dict(), model.state_dict()))
    random = torch.get_rng_state()
    with pytest.raises((ValueError, RuntimeError, KeyError, TypeError)):
        train(model, callbacks, epochs=6, optimizer=sgd)
    assert same_trees((stopper.state_dict(), model.state_dict()), known)
    assert torch.equal(torch.get_rng_state(), random)


def test_loading_by_hand_fails_whole(tmp_path):
    path = tmp_path / "run.pt"
    model = net()
    save_checkpoint(path, model, sgd(model.parameters()), 1)
    other = net(seed=9)
    first, *rest = other.parameters()
    optimizer = torch.optim.SGD([{"params": [first]}, {"params": rest}], lr=0.1)
    kept = copy.deepcopy(other)
    with pytest.raises(ValueError, match="parameter group"):
        load_checkpoint(path, other, optimizer)
    assert_same(other, kept)
