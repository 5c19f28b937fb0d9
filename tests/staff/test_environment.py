"""What the course starts has settings of its own, and leaves the person's alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from staff.ci import effort
from staff.course import Course
from staff.environment import VARIABLE, child_environment, plain_environment, settle
from tests.person import TRAPS, move_in

# Settings that are tried alone take turns, a third of them each day.
TODAYS = [*TRAPS] if effort.everything() else [*TRAPS][effort.today(3) :: 3]
BOTH = [child_environment, plain_environment]
EACH = """
import json
failed = []
for code in {codes!r}:
    try:
        exec(code, {{"__name__": "__main__"}})
    except BaseException as error:
        if not isinstance(error, SystemExit) or error.code:
            failed.append([code, repr(error)])
print(json.dumps(failed))
"""
BARE = {"PATH": os.environ["PATH"], "TMPDIR": os.environ.get("TMPDIR", "/tmp")}


@pytest.fixture
def live_as(monkeypatch, tmp_path):
    """Return a function that makes this process's environment a person's."""

    def live_as(*traps):
        home = tmp_path / "home"
        home.mkdir()
        monkeypatch.setattr(os, "environ", BARE | move_in(home, *traps))
        return home

    return live_as


def works(code: str, env: dict[str, str], folder: Path) -> subprocess.CompletedProcess:
    """Run code in a folder of its own; its exit status says whether it works."""
    folder.mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-c", code],
        env=env,
        cwd=folder,
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", TODAYS)
def test_a_setting_of_the_person_reaches_nothing_that_is_started(
    name, live_as, tmp_path
):
    """Each setting alone, which does harm where nothing keeps it away."""
    trap, folder = TRAPS[name], tmp_path / "work"
    live_as(trap)
    assert works(trap.spoils, dict(os.environ), folder).returncode, "it does no harm"
    os.environ |= {VARIABLE: str(tmp_path / "own")}
    for made in (child_environment, plain_environment):
        done = works(trap.spoils, made(), folder)
        spared = made is plain_environment or trap.lab
        assert (done.returncode == 0) is spared, done.stderr


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "made", BOTH if effort.everything() else [BOTH[effort.today(2)]]
)
def test_all_settings_at_once_reach_nothing(made, live_as, tmp_path):
    """Every day, also those that the test above leaves for other days.

    That JupyterLab and its kernels are spared is seen in the newcomer's first hour.
    """
    spared = {n: t for n, t in TRAPS.items() if t.lab or made is plain_environment}
    live_as(*spared.values())
    os.environ |= {VARIABLE: str(tmp_path / "own")}
    codes = {trap.spoils: name for name, trap in spared.items()}
    cheap_first = sorted(codes, key=len)  # what is imported already is not found anew
    done = works(EACH.format(codes=cheap_first), made(), tmp_path / "work")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == []


def test_tests_keep_what_finds_programs_and_hardware(live_as):
    live_as()
    kept = {"COURSE_TESTS": "all", "CUDA_VISIBLE_DEVICES": "1", "TMPDIR": "/else"}
    kept |= dict.fromkeys(("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"), "/own/authority")
    os.environ |= kept
    env = plain_environment(COURSE_STRICT="1")
    assert {**env, **kept, "COURSE_STRICT": "1"} == env
    assert env["HOME"] == env[VARIABLE] != os.environ["HOME"]


def test_plain_of_plain_is_the_same(live_as):
    live_as()
    once = plain_environment()
    settle(once)
    assert plain_environment() == once


def test_changes_have_the_last_word(live_as):
    live_as()
    for made in (child_environment, plain_environment):
        assert (
            made(PYTHONPATH="there", PYTHONWARNINGS="ignore")["PYTHONPATH"] == "there"
        )
        assert made(PYTHONWARNINGS="ignore")["PYTHONWARNINGS"] == "ignore"


def test_settings_stay_in_the_course_and_git_does_not_see_them(live_as):
    live_as()
    env, folder = child_environment(), Course().root / ".lab"
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR"):
        assert Path(env[name]).parent == folder
    assert ".lab/" in (Course().root / ".gitignore").read_text().splitlines()


def test_the_folder_of_the_settings_is_there_for_this_person_alone(live_as, tmp_path):
    """IPython warns about a missing one, and such a warning costs an answer points."""
    live_as()
    os.environ[VARIABLE] = str(tmp_path / "own")
    child_environment()
    assert (tmp_path / "own").stat().st_mode & 0o777 == 0o700


def test_this_run_has_settings_of_its_own():
    assert os.environ["HOME"] == os.environ[VARIABLE]
    assert "course-home-" in os.environ["HOME"]
    assert Path.home() == Path(os.environ["HOME"])


def test_processes_of_a_run_have_ports_of_their_own():
    """Also after their environment has been made the one of all tests."""
    code = "import tests.conftest; from tests.ports import own_port; print(own_port())"
    env = {**os.environ, "PYTEST_XDIST_WORKER": "gw7"}
    done = works(code, env, Course().root)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) // 1000 == 27


def test_the_temporary_home_goes_with_its_process(tmp_path):
    code = (
        "import os; from staff.environment import *; print(plain_environment()['HOME'])"
    )
    code += "\nif not os.fork(): raise SystemExit\nos.wait()"
    code += "\nassert os.path.isdir(plain_environment()['HOME'])"
    env = {k: v for k, v in os.environ.items() if k != VARIABLE}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    (home,) = set(done.stdout.split())
    assert not Path(home).exists()


def test_settle(live_as):
    live_as()
    settle({"ONE": "1"})
    assert os.environ == {"ONE": "1"}
