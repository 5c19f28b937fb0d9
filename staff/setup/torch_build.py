"""Which build of torch is installed: the ordinary one, or the small one for the CPU.

On Linux the ordinary build brings CUDA along, several gigabytes. The CPU build comes
from an index of its own, which uv knows. Its files are other files, so the lock has no
hashes for them: torch and torchvision are then installed by version alone, and all
other packages as ever with their hashes.

Standard library only: this runs before anything is installed.
"""

import shutil
import sys
from pathlib import Path

from staff.setup import sections, steps

__all__ = ["BUILDS", "hint", "install_for_cpu"]

BUILDS = ("default", "cpu")
_PAIR = ("torch", "torchvision")
# How the drivers of NVIDIA show themselves, the last one below Windows.
_DEVICES = ("/proc/driver/nvidia/version", "/dev/nvidiactl", "/dev/dxg")
# An index that does not answer must not keep anybody waiting.
_IMPATIENT = {"UV_HTTP_RETRIES": "1", "UV_HTTP_TIMEOUT": "15"}


def hint() -> str:
    """Return what to say before the ordinary build is downloaded; mostly nothing."""
    if sys.platform != "linux" or _sees_nvidia():
        return ""
    return (
        "No NVIDIA GPU is seen here. torch comes with CUDA all the same, about 6 GB; "
        "`make lab TORCH=cpu` installs its CPU build instead, about 1 GB."
    )


def _sees_nvidia() -> bool:
    return any(Path(p).exists() for p in _DEVICES) or bool(shutil.which("nvidia-smi"))


def install_for_cpu(python: Path, section: str) -> bool:
    """Install the CPU build of torch, if it can be had.

    Args:
        python: of the environment; uv is in it.
        section: the lock's section "torch", which says the versions.

    Returns:
        Whether it is installed. If not, one sentence has been printed that says why.

    Raises:
        SetupError: it can be had, and could not be installed.
    """
    if sys.platform != "linux":
        print("TORCH=cpu: here the ordinary build of torch has no CUDA in it anyway.")
        return False
    versions = sections.pins(section)
    pair = [f"{name}=={versions[name]}" for name in _PAIR]
    install = [str(python), "-m", "uv", "pip", "install", "--python", str(python)]
    command = [*install, "--no-deps", "--torch-backend=cpu", *pair]
    problem = steps.attempt([*command, "--dry-run"], **_IMPATIENT)
    if problem is None:
        steps.run(command, "The CPU build of torch could not be installed")
        return True
    print(
        f"The CPU build of torch cannot be had from here ({problem}), so the ordinary "
        "build is installed; to try again later: make clean, make lab TORCH=cpu.",
        flush=True,
    )
    return False
