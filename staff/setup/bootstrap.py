"""Set up ``.venv`` on a fresh machine, then run something in it.

Standard library only: this runs before anything is installed. ``make`` calls it as
``python staff/setup/bootstrap.py COMMAND ...``.
"""

from __future__ import annotations

import argparse
import errno
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from staff.environment import child_environment

__all__ = ["SetupError", "free_port", "inputs", "lab_command", "main", "setup"]

ROOT = Path(__file__).resolve().parents[2]
OLDEST = (3, 11)
FIRST_PORT = 8888
# Measured with the lock of this repository: 6.0 GB on Linux with CUDA.
NEEDED_GB = 7.0 if sys.platform == "linux" else 2.5
NEEDED_FOR_CHANGES_GB = 1.0


class SetupError(Exception):
    """Set-up cannot go on; the message says why and what to do."""


def main(arguments: list[str]) -> int:
    """Set up if it must, then run one command; return its exit status."""
    parser = argparse.ArgumentParser("staff/setup/bootstrap.py", description=__doc__)
    parser.add_argument("command", choices=["setup", "lab", "formgrader", "run"])
    parser.add_argument("--port", default="")
    parser.add_argument("rest", nargs=argparse.REMAINDER)
    options = parser.parse_args(arguments)
    try:
        python = setup(ROOT)
        if options.command == "setup":
            return 0
        command = [str(python), *options.rest]
        if options.command != "run":
            (ROOT / "notebooks").mkdir(exist_ok=True)
            pages = options.command == "formgrader"
            port = free_port(options.port)
            command = lab_command(python, port, options.rest, formgrader=pages)
    except SetupError as error:
        print(f"\n{error}\n", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. Run the same command again to go on from here.")
        return 130
    return _become(command, environment(python))


# --- the environment --------------------------------------------------------------


def setup(root: Path) -> Path:
    """Install what ``requirements.lock`` lists into ``.venv``, unless it is there.

    Args:
        root: the course's folder.

    Returns:
        The environment's Python.

    Raises:
        SetupError: with one paragraph for the person at the keyboard.
    """
    venv = root / ".venv"
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = venv / "course-setup.json"
    wanted = inputs(root)
    found = _read(stamp)
    if found == wanted and _works(python):
        return python
    _check_python()
    _check_disk(root, venv)
    print(
        "Setting up .venv; the first time this downloads a few gigabytes.", flush=True
    )
    stamp.unlink(missing_ok=True)
    moved = found.get("root", wanted["root"]) != wanted["root"]
    _make_venv(venv, python, afresh=moved)
    _install(root, python)
    stamp.write_text(json.dumps(wanted, indent=1) + "\n", encoding="utf-8")
    print("Set-up is complete.", flush=True)
    return python


def inputs(root: Path) -> dict[str, str]:
    """Return what an installation depends on; equal means nothing to do."""
    digest = hashlib.sha256()
    for name in ["requirements.lock", "pyproject.toml"]:
        try:
            digest.update((root / name).read_bytes())
        except FileNotFoundError as error:
            message = (
                f"{name} is missing in {root}; this copy is not whole. Clone again."
            )
            raise SetupError(message) from error
    return {"root": str(root), "content": digest.hexdigest()}


def environment(python: Path) -> dict[str, str]:
    """Return an environment in which .venv's commands come first, unactivated."""
    return child_environment(python)


def _read(stamp: Path) -> dict[str, str]:
    try:
        return json.loads(stamp.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _works(python: Path, code: str = "") -> bool:
    """Tell whether a Python starts and runs a line of code."""
    try:
        done = subprocess.run([python, "-c", code], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def _check_python() -> None:
    if sys.version_info < OLDEST:
        found = ".".join(map(str, sys.version_info[:3]))
        raise SetupError(
            f"This course needs Python 3.11 or newer; {sys.executable} is {found}. "
            "Install a newer one, or name it: make lab PYTHON=/path/to/python3.12"
        )
    if not _works(Path(sys.executable), "import ensurepip, venv"):
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        raise SetupError(
            f"{sys.executable} cannot make virtual environments: its venv module "
            "is not complete. On Debian and Ubuntu: sudo apt install "
            f"python{version}-venv and then run the same command again."
        )


def _check_disk(root: Path, venv: Path) -> None:
    places = ["lib/python*/site-packages", "Lib/site-packages"]
    has_torch = any(any(venv.glob(f"{p}/torch/version.py")) for p in places)
    needed = NEEDED_FOR_CHANGES_GB if has_torch else NEEDED_GB
    free = shutil.disk_usage(root).free / 1e9
    if free < needed:
        raise SetupError(
            f"Not enough disk space: the course's packages need about {needed:.0f} GB, "
            f"{root} has {free:.1f} GB free. Make room, or move this folder to a "
            "larger disk, and run the same command again."
        )


def _make_venv(venv: Path, python: Path, *, afresh: bool) -> None:
    """Create .venv unless a working one is there; finish one that was interrupted."""
    if afresh or not _works(python):
        base = getattr(sys, "_base_executable", None) or sys.executable
        command = [base, "-m", "venv", *(["--clear"] if venv.exists() else []), venv]
        _run(command, "The virtual environment .venv could not be made")
    if not _works(python, "import pip"):
        command = [python, "-m", "ensurepip", "--upgrade"]
        _run(command, "pip could not be put into .venv")
    if not _works(python, f"import sys; sys.exit(sys.version_info < {OLDEST})"):
        raise SetupError(
            f"{venv} was made with a Python older than 3.11. Delete it (make clean) "
            "and run the same command again."
        )


def _install(root: Path, python: Path) -> None:
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if not _works(python, "import uv"):
        _run([*pip, "--retries", "2", "uv"], "The installer uv could not be downloaded")
    install = [python, "-m", "uv", "pip", "install", "--python", python]
    what = "The packages could not be installed"
    _run([*install, "-r", root / "requirements.lock"], what)
    own = ["--no-deps", "--no-build-isolation", "--quiet", "--editable", root]
    _run([*install, *own], "The course itself could not be installed")


def _run(command: list, failure: str) -> None:
    try:
        code = subprocess.run([str(part) for part in command], check=False).returncode
    except OSError as error:
        raise SetupError(f"{failure}: {error}.") from error
    if code:
        raise SetupError(f"{failure}. {_likely_reason()}")


def _likely_reason() -> str:
    """Say what to do after a failed step whose own message stands above."""
    if shutil.disk_usage(ROOT).free < 2e8:
        return "The disk is full. Make room and run the same command again."
    return (
        "The lines above say why; most often there is no network, or a proxy stands in "
        "between. Nothing is lost: what has been downloaded is kept. Check the "
        "connection and run the same command again."
    )


# --- JupyterLab -------------------------------------------------------------------


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
    if getattr(os, "geteuid", lambda: 1)() == 0:
        print("You are root, so JupyterLab is started with --allow-root.", flush=True)
        command.append("--allow-root")
    return command + extra


def _become(command: list[str], env: dict[str, str]) -> int:
    """Run a command in place of this process, so that Ctrl-C reaches it alone."""
    if os.name == "nt":
        return subprocess.run(command, env=env, check=False, cwd=ROOT).returncode
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execve(command[0], command, env)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
