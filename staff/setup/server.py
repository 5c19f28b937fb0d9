"""JupyterLab on the notebooks, and nbgrader's grading pages: how they are started.

Standard library only: set-up checks the port before anything is installed.
"""

import errno
import os
import shutil
import socket
from pathlib import Path

from staff.environment import child_environment
from staff.setup.steps import ROOT, SetupError

__all__ = ["free_port", "lab_command"]

FIRST_PORT = 8888
FIRST_PAGE = "00_start_here/00_start_here.ipynb"
# Widgets survive a reopening, there is no news, and nbgrader shows only Validate.
LEARNERS_SETTINGS = Path(__file__).parent / "lab" / "settings"
# Opening a notebook does not change it, and Validate says that it works.
LEARNERS_EXTENSIONS = Path(__file__).parent / "lab" / "extensions"
STYLE = Path(__file__).parent / "lab" / "custom.css"


def free_port(wanted: str = "") -> int:
    """Return the port to serve on: the one asked for, or the first free one.

    Raises:
        SetupError: the one asked for is taken, or is no port.
    """
    if wanted:
        if not wanted.isdecimal() or not 0 < int(wanted) < 65536:
            raise SetupError(f"PORT is a number from 1 to 65535, found {wanted!r}.")
        if not _is_free(int(wanted)):
            raise SetupError(
                f"Port {wanted} is busy: another program serves there. Choose another "
                "one, or leave PORT out and the next free one is taken."
            )
        return int(wanted)
    for port in range(FIRST_PORT, FIRST_PORT + 100):
        if _is_free(port):
            if port != FIRST_PORT:
                print(f"Port {FIRST_PORT} is busy; using {port}.", flush=True)
            return port
    raise SetupError(f"No free port from {FIRST_PORT} on; name one: make lab PORT=9999")


def _is_free(port: int) -> bool:
    """Tell whether a port can be had; raise SetupError where it is not allowed."""
    with socket.socket() as sock:
        if os.name != "nt":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno == errno.EACCES:
                raise SetupError(f"Port {port} needs an administrator.") from error
            return False
    return True


def lab_command(
    python: Path, port: int, extra: list[str], *, formgrader: bool = False
) -> list[str]:
    """Return the command that opens the notebooks, or nbgrader's grading pages.

    Args:
        python: of the environment.
        port: to serve on.
        extra: more arguments for JupyterLab, such as ``--no-browser``.
        formgrader: serve the whole course and open the grading pages.
    """
    served = ROOT if formgrader else ROOT / "notebooks"
    command = [
        str(python),
        "-m",
        "jupyterlab",
        f"--ServerApp.root_dir={served}",
        f"--port={port}",
        "--ServerApp.port_retries=0",
        "--log-level=WARN",
    ]
    if formgrader:
        command.append("--LabApp.default_url=/formgrader")
    else:
        command.append(f"--LabApp.app_settings_dir={LEARNERS_SETTINGS}")
        command.append(f"--LabApp.extra_labextensions_path={LEARNERS_EXTENSIONS}")
        command += _styled()
        if (served / FIRST_PAGE).is_file():
            command.append(f"--LabApp.default_url=/lab/tree/{FIRST_PAGE}")
    if getattr(os, "geteuid", lambda: 1)() == 0:
        print("You are root, so JupyterLab is started with --allow-root.", flush=True)
        command.append("--allow-root")
    return command + extra


def _styled() -> list[str]:
    """Put the course's style where JupyterLab looks for one; return its argument."""
    folder = Path(child_environment()["JUPYTER_CONFIG_DIR"]) / "custom"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(STYLE, folder / STYLE.name)
    except OSError:  # a full disk, say: lines are longer then
        return []
    return ["--LabApp.custom_css=True"]
