"""Set up ``.venv`` on a fresh machine, then run something in it.

Standard library only: this runs before anything is installed. ``make`` calls it as
``python -I staff/setup/bootstrap.py COMMAND ...``; -I keeps variables and packages of
the person's own away.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from staff.environment import child_environment  # noqa: E402
from staff.setup import sections, steps, torch_build  # noqa: E402
from staff.setup.server import free_port, lab_command  # noqa: E402
from staff.setup.steps import SetupError  # noqa: E402

__all__ = ["Stamp", "environment", "main", "setup"]

OLDEST = (3, 11)
# Measured with the lock of this repository: 6.0 GB on Linux with CUDA.
NEEDED_GB = 7.0 if sys.platform == "linux" else 2.5
NEEDED_FOR_CPU_GB = 2.5
NEEDED_FOR_CHANGES_GB = 1.0


def main(arguments: list[str]) -> int:
    """Set up if it must, then run one command; return its exit status."""
    parser = argparse.ArgumentParser("staff/setup/bootstrap.py", description=__doc__)
    parser.add_argument("--with", dest="wanted", choices=sections.SETS, default="lab")
    parser.add_argument("--torch", choices=["", *torch_build.BUILDS], default="")
    parser.add_argument("--port", default="")
    parser.add_argument("command", choices=["setup", "lab", "formgrader", "run"])
    parser.add_argument("rest", nargs=argparse.REMAINDER)
    options = parser.parse_args(arguments)
    try:
        python = setup(ROOT, options.wanted, torch=options.torch)
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


@dataclass(frozen=True)
class Stamp:
    """What is installed in ``.venv``; a file in it says so.

    Args:
        root: folder of the course that .venv was made in.
        torch: the build that was asked for.
        sets: name of a set of packages → fingerprint of what is installed of it.
    """

    root: str = ""
    torch: str = ""
    sets: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, venv: Path) -> Stamp:
        """Return what the file says; nothing, if there is none or it is damaged."""
        try:
            found = json.loads(cls.path(venv).read_text(encoding="utf-8"))
            return cls(str(found["root"]), str(found["torch"]), dict(found["sets"]))
        except (OSError, ValueError, KeyError, TypeError):
            return cls()

    def write(self, venv: Path) -> None:
        text = json.dumps(asdict(self), indent=1) + "\n"
        self.path(venv).write_text(text, encoding="utf-8")

    @staticmethod
    def path(venv: Path) -> Path:
        return venv / "course-setup.json"


def setup(root: Path, wanted: str = "lab", *, torch: str = "") -> Path:
    """Install what ``requirements.lock`` lists for somebody, unless it is there.

    Args:
        root: the course's folder.
        wanted: the set of packages, one of `sections.SETS`; those before it come along.
        torch: the build, one of `torch_build.BUILDS`; by default the one that is there.

    Returns:
        The environment's Python.

    Raises:
        SetupError: with one paragraph for the person at the keyboard.
    """
    venv = root / ".venv"
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    found, prints = Stamp.read(venv), sections.fingerprints(root)
    here = Stamp(str(root), torch or found.torch or torch_build.BUILDS[0], found.sets)
    needed = sections.SETS[: sections.SETS.index(wanted) + 1]
    afresh = found != Stamp() and found != here
    sound = not afresh and steps.works(python)
    if not sound:
        here = replace(here, sets={})
    missing = [name for name in needed if here.sets.get(name) != prints[name]]
    if not missing:
        return python
    _check_python()
    _check_disk(root, venv, here.torch)
    _announce(here, missing, asked=torch)
    _make_venv(venv, python, afresh=afresh)
    kept = {name: mark for name, mark in here.sets.items() if name not in missing}
    replace(here, sets=kept).write(venv)
    _install(root, python, missing, here.torch)
    done = {name: prints[name] for name in missing}
    replace(here, sets={**kept, **done}).write(venv)
    print("Set-up is complete.", flush=True)
    return python


def environment(python: Path) -> dict[str, str]:
    """Return the environment for a program in .venv, which need not be activated."""
    return child_environment(python)


def _announce(here: Stamp, missing: list[str], *, asked: str) -> None:
    if here.sets:
        print(f"Adding to .venv what it lacks ({', '.join(missing)}).", flush=True)
        return
    size = "" if here.torch == "cpu" else "; the first time this downloads gigabytes"
    print(f"Setting up .venv{size}.", flush=True)
    if not asked and here.torch != "cpu" and (said := torch_build.hint()):
        print(said, flush=True)


def _check_python() -> None:
    if sys.version_info < OLDEST:
        found = ".".join(map(str, sys.version_info[:3]))
        raise SetupError(
            f"This course needs Python 3.11 or newer; {sys.executable} is {found}. "
            "Install a newer one, or name it: make lab PYTHON=/path/to/python3.12"
        )
    if not steps.works(sys.executable, "import ensurepip, venv"):
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        raise SetupError(
            f"{sys.executable} cannot make virtual environments: its venv module "
            "is not complete. On Debian and Ubuntu: sudo apt install "
            f"python{version}-venv and then run the same command again."
        )


def _check_disk(root: Path, venv: Path, torch: str) -> None:
    places = ["lib/python*/site-packages", "Lib/site-packages"]
    has_torch = any(any(venv.glob(f"{p}/torch/version.py")) for p in places)
    needed = NEEDED_FOR_CPU_GB if torch == "cpu" else NEEDED_GB
    needed = NEEDED_FOR_CHANGES_GB if has_torch else needed
    free = shutil.disk_usage(root).free / 1e9
    if free < needed:
        raise SetupError(
            f"Not enough disk space: the course's packages need about {needed:.0f} GB, "
            f"{root} has {free:.1f} GB free. Make room, or move this folder to a "
            "larger disk, and run the same command again."
        )


def _make_venv(venv: Path, python: Path, *, afresh: bool) -> None:
    """Create .venv unless a working one is there; finish one that was interrupted."""
    if afresh or not steps.works(python):
        base = getattr(sys, "_base_executable", None) or sys.executable
        clear = ["--clear"] if venv.exists() else []
        command = [base, "-m", "venv", *clear, str(venv)]
        steps.run(command, "The virtual environment .venv could not be made")
    if not steps.works(python, "import pip"):
        command = [str(python), "-m", "ensurepip", "--upgrade"]
        steps.run(command, "pip could not be put into .venv")
    if not steps.works(python, f"import sys; sys.exit(sys.version_info < {OLDEST})"):
        raise SetupError(
            f"{venv} was made with a Python older than 3.11. Delete it (make clean) "
            "and run the same command again."
        )


def _install(root: Path, python: Path, missing: list[str], torch: str) -> None:
    """Install sets of packages, each file with a hash that stands in the lock.

    The lock lists everything, so nothing is resolved, and nothing else can get in.
    """
    parts, names, own = sections.read(root), list(missing), str(python)
    verified = ["--no-deps", "--require-hashes", "-r"]
    uv = [own, "-m", "uv", "pip", "install", "--python", own]
    first = sections.SETS[0] in missing
    if first:
        pip = [own, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        installers = _list(python, parts["setup"])
        what = "The installer uv could not be downloaded"
        steps.run([*pip, "--retries", "2", *verified, installers], what)
        if torch != "cpu" or not torch_build.install_for_cpu(python, parts["torch"]):
            _check_disk(root, python.parents[1], "default")
            names.insert(0, "torch")
    wanted = _list(python, "".join(parts[name] for name in names))
    # The grader and the tests start many processes, some where nothing can be written.
    compiled = [] if missing == ["lab"] else ["--compile-bytecode"]
    what = "The packages could not be installed"
    steps.run([*uv, *compiled, *verified, wanted], what)
    if first:
        course = ["--no-deps", "--no-build-isolation", "--quiet", "--editable"]
        what = "The course itself could not be installed"
        steps.run([*uv, *course, str(root)], what)


def _list(python: Path, lines: str) -> str:
    """Write a part of the lock to a file for the installers."""
    path = python.parents[1] / "course-requirements.txt"
    path.write_text(lines, encoding="utf-8")
    return str(path)


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
