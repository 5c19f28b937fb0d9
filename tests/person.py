"""A person whose own settings come between every program and its work.

Each trap is a setting that people really have, and a line of code that it spoils.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["TRAPS", "Trap", "move_in"]

_STEMS = ("00_start_here", "01_bias_variance", "03_l1_l2")
_NOTEBOOKS = [f"{stem}/{stem}.ipynb" for stem in _STEMS]
_WORKSPACE = {
    "data": {
        "layout-restorer:data": {
            "main": {
                "dock": {
                    "type": "tab-area",
                    "currentIndex": 1,
                    "widgets": [f"notebook:{path}" for path in _NOTEBOOKS],
                },
                "current": f"notebook:{_NOTEBOOKS[1]}",
            }
        },
        **{
            f"notebook:{path}": {"data": {"path": path, "factory": "Notebook"}}
            for path in _NOTEBOOKS
        },
    },
    "metadata": {"id": "default"},
}
_RUN = """
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(kernel_name="python3", startup_timeout=60)
reply = client.execute_interactive("import sched", timeout=60)
manager.shutdown_kernel(now=True)
assert reply["content"]["status"] == "ok", reply
"""
_COMMIT = """
import pathlib, subprocess, tempfile
with tempfile.TemporaryDirectory() as folder:
    def git(*words):
        who = ("-c", "user.name=A", "-c", "user.email=a@b.c")
        done = subprocess.run(["git", *who, *words], cwd=folder, capture_output=True)
        assert done.returncode == 0, done.stderr
        return done.stdout
    git("init")
    pathlib.Path(folder, "file.py").touch()
    assert git("ls-files", "--others", "--exclude-standard")
    git("add", "file.py")
    git("commit", "-m", "one")
"""


@dataclass(frozen=True)
class Trap:
    """One setting, and what it spoils.

    Args:
        spoils: code that fails under the setting and runs without it.
        files: path in the home folder → content; HOME in it is the folder.
        variables: of the person's shell; HOME in them is the folder.
        lab: whether `make lab` is kept from it, too, and not only tests.
    """

    spoils: str
    files: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    lab: bool = True


def _without(variable: str) -> str:
    return f"import os; assert {variable!r} not in os.environ"


_BROKEN = "import sys; sys.modules['sched'] = None\n"
TRAPS = {
    "workspace": Trap(
        "import pathlib; from jupyterlab.commands import get_workspaces_dir as d;"
        "assert not list(pathlib.Path(d()).glob('*'))",
        {
            ".jupyter/lab/workspaces/default-37a8.jupyterlab-workspace": json.dumps(
                _WORKSPACE
            )
        },
    ),
    "settings": Trap(
        "import pathlib; from jupyterlab.commands import get_user_settings_dir as d;"
        "assert not pathlib.Path(d()).exists()",
        {
            ".jupyter/lab/user-settings/@jupyterlab/notebook-extension/"
            "tracker.jupyterlab-settings": '{"windowingMode": "full"}'
        },
    ),
    "server": Trap(
        "from jupyterlab.labapp import LabApp;"
        "app = LabApp.initialize_server(['--no-browser', '--allow-root']);"
        "assert app.base_url == '/', app.base_url",
        {".jupyter/jupyter_server_config.py": "c.ServerApp.base_url = '/elsewhere'\n"},
    ),
    "nbgrader": Trap(
        "from nbgrader.apps.nbgraderapp import NbGraderApp as A;"
        "app = A(); app.initialize([]); app.load_config_file();"
        "assert 'ClearSolutions' not in app.config",
        {
            ".jupyter/nbgrader_config.py": "c.ClearSolutions.begin_solution_delimeter ="
            " 'BEGIN MINE'\n"
        },
    ),
    "kernel": Trap(
        _RUN,
        {
            ".local/share/jupyter/kernels/python3/kernel.json": json.dumps(
                {
                    "argv": ["HOME/other/bin/python", "-f", "{connection_file}"],
                    "display_name": "Python 3",
                    "language": "python",
                }
            )
        },
        {"JUPYTER_PREFER_ENV_PATH": "0"},
    ),
    "startup": Trap(_RUN, {".ipython/profile_default/startup/00-mine.py": _BROKEN}),
    "ipython": Trap(
        _RUN,
        {
            ".ipython/profile_default/ipython_config.py": "c.InteractiveShellApp."
            f"exec_lines = [{_BROKEN!r}]\n"
        },
    ),
    "matplotlibrc": Trap(
        "import matplotlib.pyplot as p; p.figure(); assert p.gcf().dpi == 100",
        {".config/matplotlib/matplotlibrc": "figure.dpi: 31\n"},
    ),
    "backend": Trap(
        "import matplotlib.pyplot as p; p.figure()",
        variables={"MPLBACKEND": "module://not_installed"},
    ),
    "signing": Trap(
        _COMMIT,
        {".gitconfig": "[commit]\n gpgsign = true\n[gpg]\n program = /bin/false\n"},
        lab=False,
    ),
    "ignoring": Trap(
        _COMMIT,
        {
            ".gitconfig": "[core]\n excludesFile = HOME/.ignored\n",
            ".ignored": "*\n",
        },
        lab=False,
    ),
    "hook": Trap(_COMMIT, variables={"GIT_DIR": "HOME/no/repository"}, lab=False),
    "path": Trap(
        "import sched",
        {"own/sched.py": "raise ImportError('a module of the person')\n"},
        {"PYTHONPATH": "HOME/own"},
    ),
    "optimized": Trap("raise SystemExit(__debug__ - 1)", {}, {"PYTHONOPTIMIZE": "1"}),
    "warnings": Trap(
        "import warnings; warnings.warn('one')", variables={"PYTHONWARNINGS": "error"}
    ),
    "other-venv": Trap(  # pip and uv install there, IPython imports from there
        "import os, sys; assert os.environ.get('VIRTUAL_ENV') in (None, sys.prefix)",
        variables={"VIRTUAL_ENV": "HOME/venv"},
    ),
}
# Variables that would change a verdict, a picture or a report, whatever their value.
TRAPS |= {
    f"variable-{name}": Trap(_without(name), variables={name: value})
    for name, value in {
        "NBGRADER_EXECUTION": "autograde",
        "NBGRADER_VALIDATING": "1",
        "PYTHONSTARTUP": "HOME/startup.py",
        "PYTHONINSPECT": "1",
        "JUPYTERLAB_WORKSPACES_DIR": "HOME/workspaces",
        "JUPYTER_CONFIG_PATH": "HOME/config",
        "JUPYTERHUB_API_TOKEN": "0",
    }.items()
}
# `make lab` leaves these to the person.
TRAPS |= {
    f"variable-{name}": Trap(_without(name), variables={name: value}, lab=False)
    for name, value in {
        "CI": "true",
        "COURSE_DEVICE": "nothing",
        "COURSE_SEEDS": "5",
        "COURSE_STRICT": "0",
        "COURSE_PROGRESS": "off",
        "PYTEST_ADDOPTS": "--collect-only",
        "FORCE_COLOR": "1",
        "TQDM_DISABLE": "1",
        "TORCH_LOGS": "+all",
        "http_proxy": "http://127.0.0.1:9",
        "XDG_CONFIG_HOME": "HOME/config",
    }.items()
}


def move_in(home: Path, *traps: Trap) -> dict[str, str]:
    """Write settings into a home folder; return that person's environment."""
    variables = {"HOME": str(home), "USERPROFILE": str(home)}
    for trap in traps:
        for name, text in trap.files.items():
            path = home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            old = path.read_text() if path.exists() else ""
            path.write_text(old + text.replace("HOME", str(home)))
        for name, value in trap.variables.items():
            variables[name] = value.replace("HOME", str(home))
    return variables
