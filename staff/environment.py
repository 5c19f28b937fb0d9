"""The environment of every program that the course starts.

People keep settings of Jupyter, IPython, matplotlib, git and Python in their home
folder and in variables of their shell. A restored workspace, a start-up file or a
kernel of another Python would come between them and a notebook. So what the course
starts has folders of its own for all of these, and leaves the person's alone.

Standard library only: set-up needs this before anything is installed.
"""

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

__all__ = [
    "VARIABLE",
    "child_environment",
    "plain_environment",
    "settle",
    "started_with",
]

VARIABLE = "COURSE_HOME"  # names the folder of the course's own settings
_ROOT = Path(__file__).resolve().parents[1]
_STARTED = dict(os.environ)

# Variables by which a person changes what Python and Jupyter do, by their beginnings.
_PERSONAL = ("PYTHON", "JUPYTER", "JPY_", "IPYTHON", "MPL", "MATPLOTLIBRC", "NBGRADER")
# These change only where bytecode goes and when a line is shown.
_HARMLESS = {"PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "PYTHONUNBUFFERED"}

# What tests may know of a person's shell: where programs and temporary files are ...
_SYSTEM = {
    *("PATH", "PATHEXT", "COMSPEC", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR"),
    *("TMPDIR", "TEMP", "TMP", "TERM", "SHELL", "USER", "LOGNAME", "USERNAME"),
    *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"),
    *("LOCALE_ARCHIVE", "NUMBER_OF_PROCESSORS", "PROCESSOR_ARCHITECTURE"),
    *("COURSE_TESTS", "COURSE_SECOND_PYTHON", VARIABLE, *_HARMLESS),
}
# ... whom programs that fetch something may trust, as behind a company's proxy ...
_SYSTEM |= {
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "NIX_SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"),
    *("CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "NODE_EXTRA_CA_CERTS", "PIP_CERT"),
}
# ... and which hardware is used, and how.
_HARDWARE = ("CUDA_", "NVIDIA_", "HIP_", "ROCR_", "OMP_", "GOMP_", "KMP_", "MKL_")


def child_environment(python: Path | None = None, /, **changes: str) -> dict[str, str]:
    """Return the person's environment, with the settings of the course in it.

    nbgrader starts ``alembic`` by name, Jupyter starts its parts by name: neither may
    depend on an activated environment. So the commands beside a Python come first. Home
    folder, network and ``COURSE_...`` stay as the person has them.

    Args:
        python: whose commands come first; by default the one that runs.
        changes: variables that have the last word.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in _HARMLESS or not name.startswith(_PERSONAL)
    }
    home = Path(os.environ.get(VARIABLE) or _ROOT / ".lab")
    with suppress(OSError):  # IPython warns where there is no folder for its own
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    return {**_with_commands_of(python, kept), **_settings(home), **changes}


def plain_environment(**changes: str) -> dict[str, str]:
    """Return an environment that is the same for every person: tests run in it.

    Its home folder is empty and temporary; there is no network in it, and no setting
    of the person's but `COURSE_TESTS`, `COURSE_SECOND_PYTHON`, certificates and the
    hardware.

    Args:
        changes: variables that have the last word.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in _SYSTEM or name.startswith(_HARDWARE)
    }
    home = Path(os.environ.get(VARIABLE) or _temporary())
    folders = {VARIABLE: str(home), "HOME": str(home), "USERPROFILE": str(home)}
    git = {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        # Tests may run as another user than the one who cloned.
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
    }
    ours = {**_with_commands_of(None, kept), **_settings(home), **folders, **git}
    return {**ours, "LC_ALL": "C.UTF-8", **changes}


def started_with() -> dict[str, str]:
    """Return the environment in which this process was started, before `settle`."""
    return dict(_STARTED)


def settle(environment: Mapping[str, str]) -> None:
    """Make an environment that of this process, and of those it starts."""
    ours = dict(environment)
    os.environ.clear()
    os.environ.update(ours)


def _with_commands_of(python: Path | None, variables: dict[str, str]) -> dict[str, str]:
    """Put a Python's commands first, as activating its environment would."""
    folder = (python or Path(sys.executable)).parent
    places = variables.get("PATH", os.defpath).split(os.pathsep)
    if places[0] != str(folder):
        places.insert(0, str(folder))
    found = {**variables, "PATH": os.pathsep.join(places)}
    # pip and uv install into VIRTUAL_ENV, IPython imports from it.
    found.pop("VIRTUAL_ENV", None)
    if (folder.parent / "pyvenv.cfg").is_file():
        found["VIRTUAL_ENV"] = str(folder.parent)
    return found


def _settings(home: Path) -> dict[str, str]:
    return {
        "JUPYTER_CONFIG_DIR": str(home / "jupyter"),  # workspaces are in it, too
        "JUPYTER_DATA_DIR": str(home / "jupyter-data"),
        "JUPYTER_RUNTIME_DIR": str(home / "jupyter-runtime"),
        "IPYTHONDIR": str(home / "ipython"),
        "MPLCONFIGDIR": str(home / "matplotlib"),
        "PYTHONPATH": str(_ROOT),
        "PYTHONNOUSERSITE": "1",
    }


@cache
def _temporary() -> str:
    """Make a folder for as long as this process runs."""
    folder, owner = tempfile.mkdtemp(prefix="course-home-"), os.getpid()

    def remove() -> None:
        if os.getpid() == owner:  # a fork leaves its parent's folder alone
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return folder
