"""What the course starts has settings of its own, and leaves the person's alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from jupyter_client.blocking import BlockingKernelClient

from staff.ci import effort
from staff.course import Course
from staff.environment import VARIABLE, child_environment, plain_environment, settle
from staff.setup.bootstrap import environment
from staff.setup.server import lab_command
from tests.person import TRAPS, Trap, move_in
from tests.ports import own_port

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


def spared(made) -> list[Trap]:
    """Return the settings from which a kind of environment keeps what is started."""
    return [trap for trap in TRAPS.values() if trap.lab or made is plain_environment]


def programs(made) -> dict[str, str]:
    """Return what those settings spoil; what asks for variables alone is one program.

    Several spoil the same program, and stand under the name of the last one: where any
    of them reached it, it would fail.
    """
    names = {trap.spoils: name for name, trap in TRAPS.items() if trap in spared(made)}
    asking = [code for code in names if names[code].startswith("variable-")]
    others = {name: code for code, name in names.items() if code not in asking}
    return {**others, "variables": "\n".join(asking)}


CASES = [(m, n) for m in (child_environment, plain_environment) for n in programs(m)]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("made", "name"), CASES)
def test_no_setting_of_the_person_reaches_what_is_started(
    made, name, live_as, tmp_path
):
    """All of them at once."""
    live_as(*spared(made))
    os.environ |= {VARIABLE: str(tmp_path / "own")}
    done = works(programs(made)[name], made(), tmp_path / "work")
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", effort.turns([*TRAPS], 5))
def test_each_of_these_settings_does_harm(name, live_as, tmp_path):
    """Else the test above proves nothing. They take turns: each in five days."""
    trap, folder = TRAPS[name], tmp_path / "work"
    live_as(trap)
    assert works(trap.spoils, dict(os.environ), folder).returncode, "it does no harm"
    os.environ |= {VARIABLE: str(tmp_path / "own")}
    if not trap.lab:
        done = works(trap.spoils, child_environment(), folder)
        assert done.returncode, "`make lab` takes it from the person"


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


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_lab_leaves_the_person_alone(live_as, tmp_path):
    """Start JupyterLab and a kernel in it, as `make lab` does, as the worst person."""
    home = live_as(*(trap for trap in TRAPS.values()))
    before = state(home)
    os.environ[VARIABLE] = str(tmp_path / "own")
    env, port = environment(Path(sys.executable)), int(own_port())
    command = lab_command(Path(sys.executable), port, ["--no-browser"])
    command += ["--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True"]
    log = (tmp_path / "log").open("w+")
    server = subprocess.Popen(
        command, env=env, cwd=Course().root, stdout=log, stderr=log
    )
    try:
        patiently(f"http://127.0.0.1:{port}/api", server)
        known = ask(f"http://127.0.0.1:{port}/lab/api/workspaces")
        assert known["workspaces"]["values"] == []
        started = ask(f"http://127.0.0.1:{port}/api/kernels", b'{"name": "python3"}')
        file = tmp_path / "own/jupyter-runtime" / f"kernel-{started['id']}.json"
        client = BlockingKernelClient(connection_file=str(file))
        client.load_connection_file()
        client.start_channels()
        client.wait_for_ready(timeout=120)
        reply = client.execute_interactive("import sched", timeout=60)
        client.stop_channels()
        assert reply["content"]["status"] == "ok"
    finally:
        server.terminate()
        server.wait(30)
        log.close()
    assert state(home) == before


def state(home: Path) -> dict[Path, int]:
    """Return when each file was changed; JupyterLab asks npm, which keeps a log."""
    files = {path for path in home.rglob("*") if path.is_file()}
    return {p: p.stat().st_mtime_ns for p in files if ".npm" not in p.parts}


def patiently(address: str, server: subprocess.Popen) -> None:
    end = time.monotonic() + 120
    while True:
        try:
            ask(address)
            return
        except OSError:
            assert server.poll() is None, "JupyterLab has ended"
            assert time.monotonic() < end, "JupyterLab does not answer"
            time.sleep(0.2)


def ask(address: str, content: bytes | None = None) -> dict:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(address, content, timeout=10) as reply:
        return json.load(reply)
