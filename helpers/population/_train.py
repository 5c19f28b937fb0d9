"""Train many small networks at once: seeds × settings for the price of a few."""

import inspect
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm.auto import tqdm

from helpers.population._layers import MemberDropout, mlp
from helpers.population._members import Stack
from helpers.population._runs import Plan, Run, measure
from helpers.population._streams import ROWS, MemberData
from helpers.training.runtime import bar_hidden, one_thread, own_randomness
from helpers.words import say

__all__ = [
    "MemberDropout",
    "PopulationResult",
    "Stack",
    "grid",
    "mlp",
    "train_population",
]


@dataclass
class PopulationResult:
    """What M training runs did.

    The curves have one row per record and one column per member, measured in
    evaluation mode (no dropout); losses leave penalties out. `settings` holds the
    members' seeds and settings, each of length M.
    """

    steps: Tensor  # (records,) optimizer steps done at each record
    train_loss: Tensor  # (records, M)
    train_accuracy: Tensor
    val_loss: Tensor  # (records, M); (0, M) without validation data
    val_accuracy: Tensor
    test_loss: Tensor | None  # (M,) after the last step
    test_accuracy: Tensor | None
    settings: dict[str, Tensor]
    seconds: float
    stacks: list[Stack] = field(repr=False)  # the members, in order

    def __len__(self) -> int:
        return len(self.settings["seed"])

    def where(self, **settings: float) -> Tensor:
        """Return the indices of the members with these settings, e.g. `dropout=0.5`."""
        match = torch.ones(len(self), dtype=torch.bool)
        for name, value in settings.items():
            match &= torch.isclose(
                self.settings[name].double(), torch.tensor(float(value)).double()
            )
        return match.nonzero().flatten()

    @torch.no_grad()
    def logits(self, x: Tensor) -> Tensor:
        """Return every member's outputs on the same x (N, ...): (M, N, K)."""
        x = x.to(self.stacks[0].flat.device)
        parts = x.split(max(1, ROWS // len(self)))
        return torch.cat(
            [
                torch.cat([stack(p.expand(len(stack), *p.shape)) for p in parts], 1)
                for stack in self.stacks
            ]
        )

    def member(self, k: int) -> nn.Module:
        """Return member k as a module of its own, in evaluation mode."""
        k = range(len(self))[k]
        for stack in self.stacks:
            if k < len(stack):
                return stack.member(k)
            k -= len(stack)
        raise AssertionError(
            say("the stacks hold fewer members than there are settings")
        )


def grid(**settings: Any) -> dict[str, list[Any]]:
    """Spread settings over all combinations, the first name varying slowest.

    `grid(dropout=[0, 0.5], seeds=range(8))` gives two lists of length 16, ready for
    `train_population(build, train, **grid(...), ...)`.
    """
    values = [v if isinstance(v, Iterable) else [v] for v in settings.values()]
    rows = list(product(*values))
    return {name: [row[i] for row in rows] for i, name in enumerate(settings)}


def train_population(
    build: Callable[..., nn.Module],
    train: Sequence[Tensor],
    *,
    own_data: str | Mapping[str, str] | None = None,
    seeds: int | Sequence[int],
    epochs: int | None = None,
    steps: int | None = None,
    val: Sequence[Tensor] | None = None,
    test: Sequence[Tensor] | None = None,
    batch_size: int = 128,
    lr: float | Sequence[float] = 1e-3,
    weight_decay: float | Sequence[float] = 0.0,
    dropout: float | Sequence[float] | None = None,
    l2: float | Sequence[float] = 0.0,
    l1: float | Sequence[float] = 0.0,
    optimizer: str = "adamw",
    momentum: float = 0.0,
    betas: tuple[float, float] = (0.9, 0.999),
    loss_fn: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
    record_every: int | None = None,
    record_size: int | None = None,
    device: torch.device | str | None = None,
    progress: bool = True,
) -> PopulationResult:
    r"""Train M networks at once; member k comes out as if it were trained alone.

    Each member has its own initialisation, data order and dropout masks, from its
    seed, and its own settings. The sum of the members' mean losses is differentiated,
    so that no member feels the others.

    Args:
        build: makes one network under the member's seed; called without arguments, or
            with the seed if it asks for one. All have the same shape.
        train: (x, y) shared by all, x (N, ...) and y (N,), or one data set per member:
            x (M, N, ...) and/or y (M, N), e.g. labels with different noise. x is
            floating, or int64 for an embedding. y may also be probabilities (N, K), or
            one label per token (N, T) for outputs (N, K, T), -100 where none counts.
        own_data: what each member has for itself, "" (nothing), "x", "y" or "xy". A
            string speaks of train, val and test being shared; a mapping such as
            {"train": "y", "val": "y"} of each split. None: told from the shapes. Where
            they can be read in two ways, as (M, N, ...) beside (M, N, ...) always can,
            an error asks you.
        seeds, lr, weight_decay, dropout, l2, l1: one value for all, or M values.
        epochs, steps: how long; give one of them.
        batch_size: examples of each member per step. An epoch's last batch may be
            smaller; one single example joins the batch before it, as in `fit`.
        val, test: measured at every record / after the last step.
        dropout: rate of every `MemberDropout`, in [0, 1]; None keeps the models' own.
        l2, l1: strength of the penalty (l2/2)·Σw² + l1·Σ|w| on weights (tensors with
            >= 2 dimensions), added to the loss: its gradient passes the optimizer.
        optimizer: "adamw" (decoupled weight_decay), "adam" (coupled) or "sgd"
            (coupled, with `momentum`).
        loss_fn: (outputs (B, K), targets) -> mean of one member; vmap runs it.
        record_every: steps between records; about 20 records if None. The last step
            is always recorded.
        record_size: record training figures on this many examples (the first); all
            if None.

    Frozen parameters (requires_grad False) stay as they are, and so do parameters that
    the loss does not depend on. Frozen modules stay in evaluation mode, as in `fit`.
    Accuracies are per label: per token, where there is one for each.

    torch's global random state is left as it was. Ctrl-C returns the records so far. A
    warning names the members whose training loss became NaN or infinite; the others
    are not touched by it.

    Raises:
        ValueError, TypeError: data or settings that do not fit together.
    """
    device = torch.device(device) if device is not None else train[0].device
    given = {"lr": lr, "weight_decay": weight_decay, "l2": l2, "l1": l1}
    settings = _settings(seeds, {**given, "dropout": dropout})
    members = len(settings["seed"])
    sets = {"train": train, "val": val, "test": test}
    owned = _owned(own_data, sets)
    splits = {
        name: MemberData(split, members, device=device, name=name, own=owned[name])
        for name, split in sets.items()
        if split is not None
    }
    if batch_size < 1:
        raise ValueError(
            say("expected batch_size >= 1, got {batch_size}", batch_size=batch_size)
        )
    per_epoch = len(splits["train"].batch_sizes(batch_size))
    total = _total_steps(epochs, steps, per_epoch)
    every = record_every or max(1, total // 20)
    plan = Plan(
        total, batch_size, every, record_size, optimizer, momentum, betas, loss_fn
    )
    start = time.perf_counter()
    runs = [
        _make_run(build, part, splits, settings, plan)
        for part in _shares(members, device)
    ]
    _train_all(runs, bar_hidden(progress))
    seconds = time.perf_counter() - start
    result = _result(runs, splits.get("test"), settings, seconds)
    _warn_of_divergence(result)
    return result


def _shares(members: int, device: torch.device) -> list[slice]:
    """Cut the members into one share per CPU thread; one share on a GPU.

    Threads that each train their own members never wait for one another, as they
    would at every operation if they shared all members.
    """
    threads = min(torch.get_num_threads(), members) if device.type == "cpu" else 1
    edges = [round(i * members / threads) for i in range(threads + 1)]
    return [slice(a, b) for a, b in zip(edges[:-1], edges[1:], strict=True)]


def _make_run(
    build: Callable[..., nn.Module],
    part: slice,
    splits: Mapping[str, MemberData],
    settings: Mapping[str, Tensor],
    plan: Plan,
) -> Run:
    """Build the members of one share."""
    settings = {name: values[part] for name, values in settings.items()}
    train = splits["train"].part(part)
    val = splits["val"].part(part) if "val" in splits else None
    models = [_build(build, seed, train) for seed in settings["seed"].tolist()]
    stack = Stack(models, train.example(), settings.get("dropout"))
    return Run(stack, settings, train=train, val=val, plan=plan)


def _train_all(runs: list[Run], hidden: bool) -> None:
    """Run every share to its end in a thread of its own; Ctrl-C stops them all."""
    done, stop = [0] * len(runs), threading.Event()

    def work(i: int) -> None:
        if runs[i].stack.flat.device.type == "cpu":
            torch.set_num_threads(1)
        for step in runs[i].steps():
            done[i] = step
            if stop.is_set():
                return

    with (
        one_thread(),
        ThreadPoolExecutor(len(runs)) as pool,
        tqdm(total=runs[0].plan.steps, desc="population", disable=hidden) as bar,
    ):
        try:
            futures = [pool.submit(work, i) for i in range(len(runs))]
            while (now := wait(futures, 0.2, FIRST_EXCEPTION)).not_done:
                bar.update(min(done) - bar.n)
                if any(future.exception() for future in now.done):
                    break
            bar.update(min(done) - bar.n)
            for future in now.done:
                future.result()
        except KeyboardInterrupt:
            pass
        finally:
            stop.set()


def _result(
    runs: list[Run],
    test: MemberData | None,
    settings: dict[str, Tensor],
    seconds: float,
) -> PopulationResult:
    """Put the shares' records side by side."""
    members = len(settings["seed"])
    count = min(len(run.records) for run in runs)
    columns = [list(zip(*run.records[:count], strict=True)) for run in runs]
    steps = torch.stack(columns[0][0]) if count else torch.empty(0, dtype=torch.int64)
    curves = [
        torch.cat([torch.stack(column[i]) for column in columns], 1).cpu()
        for i in range(1, len(columns[0]))
    ]
    curves += [torch.empty(0, members)] * (4 - len(curves))
    test_loss = test_accuracy = None
    if test:
        scores, first = [], 0
        for run in runs:
            part = test.part(slice(first, first + len(run.stack)))
            scores.append(torch.stack(measure(run.stack, part, run.plan.loss_fn)))
            first += len(run.stack)
        test_loss, test_accuracy = torch.cat(scores, 1).cpu()
    return PopulationResult(
        steps=steps,
        train_loss=curves[0],
        train_accuracy=curves[1],
        val_loss=curves[2],
        val_accuracy=curves[3],
        test_loss=test_loss,
        test_accuracy=test_accuracy,
        settings=settings,
        seconds=seconds,
        stacks=[run.stack for run in runs],
    )


def _settings(seeds: int | Sequence[int], given: dict[str, Any]) -> dict[str, Tensor]:
    """Spread seeds and settings to one entry per member."""
    columns = {"seed": seeds, **{k: v for k, v in given.items() if v is not None}}
    lists = {k: list(v) if isinstance(v, Iterable) else [v] for k, v in columns.items()}
    if not lists["seed"]:
        raise ValueError(say("expected at least one seed, got none"))
    members = max(len(v) for v in lists.values())
    for name, values in lists.items():
        if len(values) not in (1, members):
            raise ValueError(
                say(
                    "expected one value or {members} for {name!r}, got {n_values}",
                    members=members,
                    name=name,
                    n_values=len(values),
                )
            )
        if any(v < 0 for v in values):
            raise ValueError(
                say(
                    "expected {name!r} >= 0, got {min_values}",
                    name=name,
                    min_values=min(values),
                )
            )
        lists[name] = values * (members // len(values))
    if any(not 0 <= p <= 1 for p in lists.get("dropout", [])):
        raise ValueError(
            say(
                "expected dropout rates in [0, 1], got {dropout}",
                dropout=lists["dropout"],
            )
        )
    seed = torch.tensor(lists.pop("seed"), dtype=torch.int64)
    return {
        "seed": seed,
        **{k: torch.tensor(v, dtype=torch.float64) for k, v in lists.items()},
    }


def _build(build: Callable[..., nn.Module], seed: int, data: MemberData) -> nn.Module:
    """Build one network under its seed, where and in the dtype in which data lie."""
    asks = [
        p
        for p in inspect.signature(build).parameters.values()
        if p.default is p.empty
        and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    with own_randomness(seed):
        model = build(seed) if asks else build()
    if data.x.is_floating_point():
        return model.to(data.device, data.x.dtype)
    if not any(isinstance(m, nn.Embedding | nn.EmbeddingBag) for m in model.modules()):
        raise TypeError(
            say(
                "{name}: expected floating inputs for a network without an embedding, "
                "got {dtype}; convert and standardize them first, e.g. x.float() / 255",
                name=data.name,
                dtype=data.x.dtype,
            )
        )
    return model.to(data.device)


def _owned(
    told: str | Mapping[str, str] | None, sets: Mapping[str, object]
) -> dict[str, str | None]:
    """Spread what the caller said about own data to every split; None: not said."""
    if told is None:
        return dict.fromkeys(sets)
    if not isinstance(told, Mapping):
        told = {"train": told}
    for name in told:
        if name not in sets:
            raise ValueError(
                say(
                    "expected own_data to speak of 'train', 'val' or 'test', got "
                    "{name!r}",
                    name=name,
                )
            )
    return {name: told.get(name, "") for name in sets}


def _warn_of_divergence(result: PopulationResult) -> None:
    """Warn once, naming the members whose training loss was not finite."""
    lost = result.train_loss.isfinite().all(0).logical_not().nonzero().flatten()
    if not len(lost):
        return
    seeds = result.settings["seed"].tolist()
    named = [
        say("member {k} (seed {seeds})", k=k, seeds=seeds[k]) for k in lost.tolist()
    ]
    more = [say("{n_named} more", n_named=len(named) - 8)] if len(named) > 8 else []
    warnings.warn(
        say(
            "the training loss of {n_lost} of {n_result} members became NaN or "
            "infinite: {named}; try a smaller learning rate",
            n_lost=len(lost),
            n_result=len(result),
            named=", ".join([*named[:8], *more]),
        ),
        stacklevel=3,
    )


def _total_steps(epochs: int | None, steps: int | None, per_epoch: int) -> int:
    if epochs is not None and steps is None:
        steps, epochs = epochs * per_epoch, None
    if steps is None or epochs is not None:
        raise ValueError(
            say(
                "give epochs or steps; got epochs={epochs}, steps={steps}",
                epochs=epochs,
                steps=steps,
            )
        )
    if steps < 1:
        raise ValueError(say("expected at least one step, got {steps}", steps=steps))
    return steps
