"""Shared code of the notebooks; import the module you need, e.g. `helpers.data`.

One function is also here by its own name: `helpers.distillation_loss`, which an
exercise builds on. It is imported when it is asked for, not with the package.
With COURSE_SEEDS in the environment the seeds are shifted, see `helpers.seeds`.
"""

import os
from importlib import import_module
from typing import Any

__all__ = ["distillation_loss"]

if os.environ.get("COURSE_SEEDS", "0") != "0":  # else torch is not even loaded
    import_module("helpers.seeds").follow()


def __getattr__(name: str) -> Any:
    if name == "distillation_loss":
        from helpers.training.distillation import distillation_loss

        return distillation_loss
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
