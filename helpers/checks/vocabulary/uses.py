"""Everything that checks ever do with a learner's object: the list is complete.

Each function is one *use*. Its first arguments are the learner's objects; the others
are the check's own, or values that came back from an earlier use. `Subject.use` runs
them here, in this process. They are plain functions of a module, known by their names,
so that a use could as well be a message to another process.
"""

from __future__ import annotations

import contextlib
import copy
import hashlib
import io
import os
import shutil
import signal
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.optimizer import register_optimizer_step_post_hook

__all__ = [
    "attributes",
    "call",
    "calls",
    "can_be_called",
    "counted",
    "derives",
    "folder",
    "gradients",
    "is_a",
    "is_set_up",
    "items",
    "killed",
    "leave",
    "linked",
    "look_at",
    "method",
    "modes",
    "name",
    "parameters",
    "set_groups",
    "set_mode",
    "state",
    "steps",
    "write",
]


def call(answer: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Call a function, a class or an object; it may be torch's with theirs in it."""
    return answer(*args, **kwargs)


def calls(
    answer: Any, times: int, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> list[Any]:
    """Call it several times with the same arguments, as for many draws of a mask.

    Tensors are copied as they come: the next call may write into the same one.
    """
    return [_copied(answer(*args, **kwargs)) for _ in range(times)]


def _copied(value: Any) -> Any:
    if type(value) in (tuple, list):
        return type(value)(map(_copied, value))
    return value.detach().clone() if type(value) is Tensor else value


def counted(answer: Any, args: Sequence[Any]) -> tuple[Any, int, int, float]:
    """Call an answer that trains, and count what it spends.

    Counted are calls of `step()` of torch's optimizers, whoever makes them and how many
    optimizers there are, and passes of autograd's engine: `backward()` and
    `torch.autograd.grad`, so that a loop by hand counts as well. It is done in the
    answer's own process: an answer that sets out to hide its steps can do so.

    Returns:
        (what the answer returned, optimizer steps, backward passes, seconds of the
        processor).
    """
    count = {"steps": 0, "passes": 0}
    engine: Any = vars(torch.autograd)["_engine_run_backward"]

    def stepped(optimizer: Any, args: Any, kwargs: Any) -> None:
        count["steps"] += 1

    def passed(*args: Any, **kwargs: Any) -> Any:
        count["passes"] += 1
        return engine(*args, **kwargs)

    hook = register_optimizer_step_post_hook(stepped)
    vars(torch.autograd)["_engine_run_backward"] = passed
    start = time.process_time()
    try:
        result = answer(*args)
    finally:
        vars(torch.autograd)["_engine_run_backward"] = engine
        hook.remove()
    return result, count["steps"], count["passes"], time.process_time() - start


def method(owner: Any, name: str, args: Sequence[Any]) -> Any:
    """Call a method of an object."""
    return getattr(owner, name)(*args)


def attributes(owner: Any, names: Sequence[str]) -> tuple[Any, ...]:
    """Read attributes, in this order."""
    return tuple(getattr(owner, name) for name in names)


def name(answer: Any, default: str) -> str:
    """Read a function's or class's name."""
    return str(getattr(answer, "__name__", default))


def can_be_called(answer: Any) -> bool:
    """Tell whether an answer is a function or class at all."""
    return callable(answer)


def is_a(value: Any, kind: type) -> bool:
    """Tell whether an object is of a class of torch's."""
    return isinstance(value, kind)


def derives(answer: Any, base: type) -> bool:
    """Tell whether an answer is a class derived from one of torch's."""
    return isinstance(answer, type) and issubclass(answer, base)


def is_set_up(module: nn.Module) -> bool:
    """Tell whether `nn.Module.__init__` has run."""
    return "_modules" in vars(module)


def set_mode(module: nn.Module, training: bool) -> None:
    """Put a module into train or eval mode."""
    if training:
        module.train()
    else:
        module.eval()


def modes(module: nn.Module) -> list[bool]:
    """Read `training` of a module and of all modules inside."""
    return [each.training for each in module.modules()]


def parameters(module: nn.Module) -> list[Tensor]:
    """Return the parameters; those that the check handed over are the very same."""
    return list(module.parameters())


def items(values: Any) -> list[Any]:
    """Walk through whatever can be walked through."""
    return list(values)


def state(owner: Any) -> Any:
    """Return a copy of `state_dict()` that stays as it is now."""
    return copy.deepcopy(owner.state_dict())


def set_groups(optimizer: torch.optim.Optimizer, settings: Mapping[str, Any]) -> None:
    """Write settings into every group of an optimizer."""
    for group in optimizer.param_groups:
        group.update(settings)


def steps(
    optimizer: torch.optim.Optimizer,
    params: Sequence[Tensor],
    grads: Sequence[Sequence[Tensor | None]],
) -> None:
    """Step once per row of gradients, one for each parameter."""
    for row in grads:
        for parameter, gradient in zip(params, row, strict=True):
            parameter.grad = None if gradient is None else gradient.clone()
        optimizer.step()


def gradients(
    out: Tensor, inputs: Sequence[Tensor], weight: Tensor | None
) -> list[Tensor | None]:
    """Return d(Σ weight·out)/d input for each input; None where none arrives."""
    total = out if weight is None else out * weight
    found = torch.autograd.grad(
        total.sum(), list(inputs), allow_unused=True, retain_graph=True
    )
    return list(found)


def killed(answer: Callable[..., Any], args: Sequence[Any], limit: int) -> bool:
    """Call in a process that is killed once a file exceeds `limit` bytes.

    Returns:
        whether it was killed, by the limit or because it took more than a second.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # fork in a process with threads
            child = os.fork()
    except OSError:  # no second process to be had
        return False
    if child == 0:
        _write_and_die(answer, args, limit)
    end = time.monotonic() + 1
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.WIFSIGNALED(status)
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def folder() -> str:
    """Make a folder for files that the answer writes; return its path."""
    return tempfile.mkdtemp()


def leave(folder: str) -> None:
    """Delete such a folder, as far as that can be done."""
    shutil.rmtree(folder, ignore_errors=True)


def look_at(path: str) -> tuple[str, int, str]:
    """Return (kind, bytes, SHA-256) of what is there: "file", "folder" or ""."""
    place = Path(path)
    if not place.is_file():
        return "folder" if place.exists() else "", 0, ""
    with place.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return "file", place.stat().st_size, digest


def write(path: str, data: bytes) -> None:
    """Write a file that the answer is to read."""
    Path(path).write_bytes(data)


def linked(path: str, second: str) -> bool:
    """Give a file a second name; False where the file system has none to give."""
    try:
        os.link(path, second)
    except OSError:
        return False
    return True


def _write_and_die(answer: Callable[..., Any], args: Sequence[Any], limit: int) -> None:
    """In the child: the kernel kills it as soon as a file exceeds `limit` bytes."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        quiet = io.StringIO()
        with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
            answer(*args)
    finally:
        os._exit(0)  # whatever happened: no cleaning up in a second kernel
