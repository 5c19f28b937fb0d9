"""Member k of a population is the network that training it alone would give."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers.population import MemberDropout, grid, mlp, train_population
from helpers.population._layers import coin
from helpers.population._streams import MemberNoise
from helpers.training import Batches, evaluate, fit, own_randomness
from helpers.training.runtime import DROPOUT_STREAM

SIZES = (6, 16, 12, 3)
PLAIN = {"steps": 40, "batch_size": 32, "progress": False}


def data(n=200, seed=0, dtype=torch.float32):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 6, generator=g, dtype=dtype)
    return x, (x[:, :3] + 0.3 * torch.randn(n, 3, generator=g)).argmax(1)


def build():
    return mlp(SIZES)


def vector(model):
    return nn.utils.parameters_to_vector(model.parameters()).detach()


def same(a, b, atol=2e-5):
    torch.testing.assert_close(vector(a), vector(b), atol=atol, rtol=1e-4)


def by_hand(seed, optimizer, steps, *, make=build, loss_fn=F.cross_entropy, xy=None):
    """Train one network with nothing of the population's code."""
    x, y = xy or data()
    torch.manual_seed(seed)
    model = make()
    opt = optimizer(model.parameters())
    batches = Batches(x, y, 32, generator=torch.Generator().manual_seed(seed))
    done = 0
    while done < steps:
        for xb, yb in batches:
            if done == steps:
                break
            opt.zero_grad()
            loss_fn(model.train()(xb), yb).backward()
            opt.step()
            done += 1
    return model.eval()


class Tiny(nn.Module):
    """A small CNN with BatchNorm, dropout and a shape that needs vmap."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.drop = MemberDropout(0.0)
        self.head = nn.Linear(4 * 9, 3)

    def forward(self, x):
        z = F.max_pool2d(torch.relu(self.norm(self.conv(x))), 2)
        return self.head(self.drop(z).flatten(1))


def pictures(n=96, seed=0):
    g = torch.Generator().manual_seed(seed)
    return torch.randn(n, 1, 6, 6, generator=g), torch.randint(3, (n,), generator=g)


# --- equal to training alone ------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "settings", "alone"),
    [
        (
            "adamw",
            {"lr": [1e-3, 1e-2, 5e-3], "weight_decay": [0.0, 0.1, 1.0]},
            lambda lr, wd: lambda p: torch.optim.AdamW(p, lr=lr, weight_decay=wd),
        ),
        (
            "adam",
            {"lr": [1e-3, 1e-2, 1e-2], "weight_decay": [0.0, 0.1, 0.1]},
            lambda lr, wd: lambda p: torch.optim.Adam(p, lr=lr, weight_decay=wd),
        ),
        (
            "sgd",
            {"lr": [0.1, 0.05, 0.05], "weight_decay": [0.0, 0.0, 0.02]},
            lambda lr, wd: (
                lambda p: torch.optim.SGD(p, lr=lr, weight_decay=wd, momentum=0.9)
            ),
        ),
    ],
)
def test_members_equal_independent_loops_with_their_own_settings(name, settings, alone):
    result = train_population(
        build,
        data(),
        seeds=[3, 4, 5],
        optimizer=name,
        momentum=0.9,
        **settings,
        **PLAIN,
    )
    rates = zip(settings["lr"], settings["weight_decay"], strict=True)
    for k, (lr, wd) in enumerate(rates):
        same(result.member(k), by_hand(3 + k, alone(lr, wd), 40))


def test_penalties_equal_penalties_in_the_loss():
    def loss_with(model, l2, l1):
        def loss(out, y):
            many = [p for p in model.parameters() if p.ndim >= 2]
            squares = sum((p**2).sum() for p in many)
            sizes = sum(p.abs().sum() for p in many)
            return F.cross_entropy(out, y) + l2 / 2 * squares + l1 * sizes

        return loss

    result = train_population(
        build, data(), seeds=range(3), l2=[0.1, 0.0, 0.1], l1=[0, 0.01, 0.01], **PLAIN
    )
    for k, (l2, l1) in enumerate([(0.1, 0.0), (0.0, 0.01), (0.1, 0.01)]):
        torch.manual_seed(k)
        model = build()
        made = []

        def make(model=model, made=made):
            made.append(model)
            return model

        alone = by_hand(
            k,
            lambda p: torch.optim.AdamW(p, lr=1e-3, weight_decay=0.0),
            40,
            make=make,
            loss_fn=loss_with(model, l2, l1),
        )
        same(result.member(k), alone, atol=1e-4)
        plain = train_population(build, data(), seeds=k, **PLAIN).member(0)
        assert (vector(plain) - vector(alone)).abs().max() > 1e-3


def test_a_member_equals_fit():
    result = train_population(
        build, data(), seeds=range(3), epochs=3, batch_size=32, progress=False
    )
    for seed in range(3):
        with own_randomness(seed):
            model = build()
        fit(model, data(), epochs=3, batch_size=32, seed=seed, progress=False)
        same(result.member(seed), model)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_member_does_not_depend_on_the_others_or_on_threads(threads):
    rates = [0.0, 0.5, 0.2, 0.5, 0.9]
    options = {"lr": 1e-2, "val": data(50, seed=1), **PLAIN}
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        many = train_population(build, data(), seeds=range(5), dropout=rates, **options)
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    for k in (1, 4):
        one = train_population(build, data(), seeds=k, dropout=rates[k], **options)
        same(many.member(k), one.member(0))
        torch.testing.assert_close(
            many.val_loss[:, k], one.val_loss[:, 0], atol=1e-5, rtol=1e-4
        )


@pytest.mark.parametrize("shape", ["mlp", "cnn"])
def test_dropout_equals_a_loop_fed_the_same_masks(shape):
    p, seed, n = 0.4, 2, 96
    make = Tiny if shape == "cnn" else lambda: mlp((36, 8, 3))
    x, y = pictures(n)
    result = train_population(
        make, (x, y), seeds=[9, seed], dropout=p, lr=1e-2, steps=6, batch_size=32
    )
    torch.manual_seed(seed)
    model = make()
    drops = [m for m in model.modules() if isinstance(m, MemberDropout)]
    (name,) = result.stacks[0].noise_shapes
    noise = MemberNoise(
        [seed + DROPOUT_STREAM],
        result.stacks[0].noise_shapes,
        batch_size=32,
        device=x.device,
        batch_last=shape == "mlp",
    )
    drops[0].forward = lambda z: z * mask / (1 - p)
    opt = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.0)
    batches = Batches(x, y, 32, generator=torch.Generator().manual_seed(seed))
    kept = []
    for _ in range(2):
        for xb, yb in batches:
            bits = noise.draw(len(xb))[name][0]
            mask = (bits.float() + 2**15) / 2**16 >= p
            kept.append(mask.float().mean())
            opt.zero_grad()
            F.cross_entropy(model.train()(xb), yb).backward()
            opt.step()
    assert 0.5 < torch.stack(kept).mean() < 0.7
    same(result.member(1), model, atol=1e-3 if shape == "cnn" else 1e-4)


def test_cnn_with_batchnorm_equals_training_alone():
    x, y = pictures()
    options = {"lr": 1e-2, "steps": 9, "batch_size": 32, "progress": False}
    result = train_population(Tiny, (x, y), seeds=range(3), **options)
    for seed in range(3):
        model = by_hand(
            seed,
            lambda p: torch.optim.AdamW(p, lr=1e-2, weight_decay=0.0),
            9,
            make=Tiny,
            xy=(x, y),
        )
        member = result.member(seed)
        same(member, model, atol=1e-3)
        torch.testing.assert_close(
            member.norm.running_var, model.norm.running_var, atol=1e-4, rtol=1e-3
        )
        assert member.norm.num_batches_tracked == 9
        torch.testing.assert_close(
            result.logits(x)[seed], member(x), atol=1e-4, rtol=1e-3
        )


def test_own_data_per_member():
    x, y = data()
    flipped = (y + 1) % 3
    both = train_population(
        build, (x, torch.stack([y, flipped])), seeds=[0, 0], **PLAIN
    )
    shifted = train_population(
        build, (torch.stack([x, x + 1]), y), seeds=[0, 0], **PLAIN
    )
    same(both.member(0), train_population(build, (x, y), seeds=0, **PLAIN).member(0))
    one = train_population(build, (x, flipped), seeds=0, **PLAIN)
    same(both.member(1), one.member(0))
    torch.testing.assert_close(both.train_loss[:, 1], one.train_loss[:, 0])
    one = train_population(build, (x + 1, y), seeds=0, **PLAIN)
    same(shifted.member(1), one.member(0))


def test_a_member_that_explodes_leaves_the_others_alone():
    options = {"optimizer": "sgd", **PLAIN}
    with pytest.warns(UserWarning, match=r"1 of 2 members .* member 1 \(seed 1\)"):
        result = train_population(
            build, data(), seeds=[0, 1], lr=[0.1, 1e30], **options
        )
    assert not result.train_loss[-1, 1].isfinite()
    one = train_population(build, data(), seeds=0, lr=0.1, **options)
    same(result.member(0), one.member(0))


# --- what comes back --------------------------------------------------------------


def test_records_agree_with_evaluate_and_logits():
    val, test = data(70, seed=1), data(60, seed=2)
    result = train_population(
        build,
        data(),
        seeds=range(4),
        val=val,
        test=test,
        dropout=0.3,
        steps=25,
        record_every=10,
        batch_size=32,
        progress=False,
    )
    assert result.steps.tolist() == [10, 20, 25]
    assert len(result) == 4
    curves = (result.train_loss, result.train_accuracy, result.val_loss)
    assert all(c.shape == (3, 4) for c in (*curves, result.val_accuracy))
    for k in range(4):
        member = result.member(k)
        for split, loss, accuracy in (
            (data(), result.train_loss[-1, k], result.train_accuracy[-1, k]),
            (val, result.val_loss[-1, k], result.val_accuracy[-1, k]),
            (test, result.test_loss[k], result.test_accuracy[k]),
        ):
            score = evaluate(member, split)
            assert float(loss) == pytest.approx(score.loss, rel=1e-4)
            assert float(accuracy) == pytest.approx(score.accuracy, abs=1e-6)
        with torch.no_grad():
            torch.testing.assert_close(
                result.logits(val[0])[k], member(val[0]), atol=1e-5, rtol=1e-4
            )
    assert member[3].p == pytest.approx(0.3)


def test_record_size_limits_the_training_record_only():
    x, y = data()
    result = train_population(
        build, (x, y), seeds=0, val=(x, y), record_size=20, **PLAIN
    )
    score = evaluate(result.member(0), (x[:20], y[:20]))
    assert result.train_loss[-1, 0].item() == pytest.approx(score.loss, rel=1e-4)
    assert result.val_loss[-1, 0] != result.train_loss[-1, 0]


def test_grid_and_where():
    settings = grid(dropout=[0.0, 0.1], seeds=range(3))
    assert settings == {
        "dropout": [0.0, 0.0, 0.0, 0.1, 0.1, 0.1],
        "seeds": [0, 1, 2, 0, 1, 2],
    }
    result = train_population(build, data(), **settings, **PLAIN)
    assert result.where(dropout=0.1).tolist() == [3, 4, 5]
    assert result.where(dropout=0.1, seed=2).tolist() == [5]


def test_other_losses_soft_targets_and_regression():
    x, y = data()
    smooth = train_population(
        build,
        (x, y),
        seeds=[0],
        loss_fn=lambda out, t: F.cross_entropy(out, t, label_smoothing=0.3),
        **PLAIN,
    )
    soft = F.one_hot(y, 3) * 0.7 + 0.1
    same(
        smooth.member(0),
        train_population(build, (x, soft), seeds=[0], **PLAIN).member(0),
    )
    fitted = train_population(
        lambda: mlp((6, 32, 1)),
        (x, x[:, 0]),
        seeds=range(2),
        lr=1e-2,
        steps=200,
        loss_fn=lambda out, t: F.mse_loss(out[:, 0], t),
        progress=False,
    )
    assert fitted.train_loss[-1].max() < 0.1
    assert fitted.train_accuracy.isnan().all()


def test_build_gets_the_seed_if_it_asks_and_random_state_is_kept():
    asked = []

    def with_seed(seed):
        asked.append(seed)
        return build()

    torch.manual_seed(0)
    before = torch.get_rng_state()
    a = train_population(with_seed, data(), seeds=[4, 7], **PLAIN)
    b = train_population(build, data(), seeds=[4, 7], **PLAIN)
    assert asked == [4, 7]
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(vector(a.member(1)), vector(b.member(1)))


def test_interrupt_returns_the_records_so_far(monkeypatch):
    import helpers.population._train as module

    real = module.wait
    calls = []

    def interrupted(futures, *args):
        real(futures, 0.3)
        calls.append(1)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return real(futures, *args)

    monkeypatch.setattr(module, "wait", interrupted)
    result = train_population(
        build, data(), seeds=range(2), steps=10**7, record_every=1, progress=False
    )
    assert 0 < len(result.steps) < 10**7
    assert result.train_loss.shape == (len(result.steps), 2)


def test_an_error_in_a_thread_reaches_the_caller():
    def bad(out, y):
        raise RuntimeError("my loss is wrong")

    with pytest.raises(RuntimeError, match="my loss is wrong"):
        train_population(build, data(), seeds=range(2), loss_fn=bad, **PLAIN)


# --- MemberDropout and mlp ----------------------------------------------------------


def test_member_dropout_alone_is_plain_inverted_dropout():
    x = torch.ones(200, 500)
    layer = MemberDropout(0.3)
    out = layer(x)
    assert out.unique().tolist() == pytest.approx([0, 1 / 0.7])
    assert (out == 0).float().mean().item() == pytest.approx(0.3, abs=0.01)
    assert torch.equal(layer.eval()(x), x)
    assert torch.equal(MemberDropout(1.0)(x), torch.zeros_like(x))


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 0.999, 1.0])
def test_coin_keeps_its_rate_and_the_mean(p):
    threshold, scale = coin(torch.tensor(p))
    every = torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16)
    mask = (every >= threshold) * scale
    assert mask.isfinite().all()
    dropped = (mask == 0).float().mean().item()
    assert dropped == pytest.approx(p, abs=2**-16)
    assert mask.mean().item() == pytest.approx(float(p < 1), abs=1e-3)


def test_noise_differs_between_members_steps_and_layers():
    shapes = {"a": torch.Size([4]), "b": torch.Size([3])}
    noise = MemberNoise(
        [1, 2], shapes, batch_size=5, device=torch.device("cpu"), batch_last=True
    )
    first, second = noise.draw(5), noise.draw(5)
    assert first["a"].shape == (2, 5, 4)
    assert first["b"].shape == (2, 5, 3)
    assert not torch.equal(first["a"][0], first["a"][1])
    assert not torch.equal(first["a"][0], second["a"][0])
    assert not torch.equal(first["a"][0, :, :3], first["b"][0])


def test_mlp_has_dropout_after_each_hidden_layer_only():
    kinds = [type(m).__name__ for m in mlp((4, 5, 6, 2), dropout=0.5)]
    hidden = ["Linear", "ReLU", "MemberDropout"]
    assert kinds == ["Flatten", *hidden, *hidden, "Linear"]
    with pytest.raises(ValueError, match="input and output"):
        mlp((4,))


# --- refusals -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"seeds": []}, "at least one seed"),
        ({"seeds": [0, 1], "lr": [1, 2, 3]}, "one value or 3 for 'seed', got 2"),
        ({"seeds": 0, "dropout": 1.5}, r"in \[0, 1\]"),
        ({"seeds": 0, "weight_decay": -1.0}, "'weight_decay' >= 0"),
        ({"seeds": 0, "batch_size": 0}, "batch_size >= 1"),
        ({"seeds": 0, "optimizer": "rmsprop"}, "'adamw', 'adam' or 'sgd'"),
        ({"seeds": 0, "steps": None}, "give epochs or steps"),
        ({"seeds": 0, "epochs": 3}, "give epochs or steps"),
        ({"seeds": 0, "steps": 0}, "at least one step"),
    ],
)
def test_settings_that_do_not_fit(options, words):
    with pytest.raises(ValueError, match=words):
        train_population(build, data(), **{**PLAIN, **options})


def test_data_that_does_not_fit():
    x, y = data()
    with pytest.raises(ValueError, match="train: expected x"):
        train_population(build, (x, y[:-1]), seeds=0, **PLAIN)
    with pytest.raises(TypeError, match="floating inputs"):
        train_population(build, (x.long(), y), seeds=0, **PLAIN)
    with pytest.raises(TypeError, match="int64"):
        train_population(build, (x, y.int()), seeds=0, **PLAIN)


def test_dropout_that_cannot_differ_is_refused():
    def plain(p):
        return nn.Sequential(nn.Linear(6, 8), nn.Dropout(p), nn.Linear(8, 3))

    with pytest.raises(ValueError, match="use helpers.population.MemberDropout"):
        train_population(lambda: plain(0.5), data(), seeds=0, **PLAIN)
    with pytest.raises(ValueError, match="no MemberDropout layer"):
        train_population(lambda: plain(0.0), data(), seeds=0, dropout=0.5, **PLAIN)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_population_on_cuda_agrees_with_the_cpu():
    options = {"seeds": range(4), "weight_decay": [0, 0, 0.1, 0.1], **PLAIN}
    here = train_population(build, data(), **options)
    there = train_population(build, data(), device="cuda", **options)
    torch.testing.assert_close(
        here.train_loss[-1], there.train_loss[-1], atol=1e-3, rtol=1e-2
    )
    dropped = train_population(build, data(), device="cuda", dropout=0.5, **options)
    assert dropped.logits(data()[0]).is_cuda
