"""Set-up on a fresh machine: what it does, and what it says when it cannot."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from staff.setup import bootstrap
from staff.setup.bootstrap import SetupError, free_port, lab_command, setup

HOME = Path(__file__).resolve().parents[3]
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def clone(tmp_path):
    """A folder like a fresh clone, as far as set-up looks at it."""
    for name in ["requirements.lock", "pyproject.toml"]:
        shutil.copy(HOME / name, tmp_path)
    return tmp_path


@pytest.fixture
def commands(clone, monkeypatch):
    """Record what set-up would run; pretend that each step works."""
    python = clone / ".venv/bin/python"
    seen, installed = [], set()

    def run(command, failure):
        words = [str(word) for word in command]
        seen.append(" ".join(words))
        if "venv" in words:
            python.parent.mkdir(parents=True, exist_ok=True)
            python.touch()
        installed.update(words)

    def works(path, code=""):
        if path == python and not python.exists():
            return False
        return code not in {"import pip", "import uv"} or code.split()[1] in installed

    monkeypatch.setattr(bootstrap, "_run", run)
    monkeypatch.setattr(bootstrap, "_works", works)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, 100e9))
    return seen


def test_fresh_machine_then_nothing_to_do(clone, commands):
    python = setup(clone)
    for part in ("-m venv", "ensurepip", " uv"):
        assert any(part in " ".join(command.split()) for command in commands), part
    assert any(c.endswith("requirements.lock") for c in commands)
    assert any("--no-deps" in c and "--editable" in c for c in commands)
    commands.clear()
    assert setup(clone) == python
    assert commands == []


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml"])
def test_changed_dependencies_are_installed(clone, commands, name):
    setup(clone)
    commands.clear()
    with (clone / name).open("a") as file:
        file.write("\n# changed\n")
    setup(clone)
    assert not any("-m venv" in command for command in commands)
    assert any(command.endswith("requirements.lock") for command in commands)


def test_moved_folder_is_set_up_afresh(clone, commands):
    setup(clone)
    stamp = clone / ".venv/course-setup.json"
    stamp.write_text(json.dumps(json.loads(stamp.read_text()) | {"root": "/elsewhere"}))
    commands.clear()
    setup(clone)
    assert any("-m venv --clear" in command for command in commands)


def test_interrupted_set_up_goes_on(clone, commands, monkeypatch):
    run = bootstrap._run

    def stop(command, failure):
        if "requirements.lock" in str(command[-1]):
            raise SetupError("stopped")
        run(command, failure)

    monkeypatch.setattr(bootstrap, "_run", stop)
    with pytest.raises(SetupError, match="stopped"):
        setup(clone)
    monkeypatch.setattr(bootstrap, "_run", run)
    commands.clear()
    setup(clone)
    assert not any("-m venv" in command for command in commands)
    assert any(command.endswith("requirements.lock") for command in commands)


def test_damaged_stamp_sets_up_again(clone, commands):
    setup(clone)
    (clone / ".venv/course-setup.json").write_text("{")
    commands.clear()
    setup(clone)
    assert commands


def test_no_disk(clone, commands, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, 1.5e9))
    with pytest.raises(SetupError, match=r"need about \d GB, .* has 1.5 GB free"):
        setup(clone)
    assert not (clone / ".venv").exists()


def test_little_disk_is_enough_once_torch_is_there(clone, commands, monkeypatch):
    torch = clone / ".venv/lib/python3.11/site-packages/torch"
    torch.mkdir(parents=True)
    (torch / "version.py").touch()
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, 1.5e9))
    setup(clone)


def test_python_without_venv(clone, monkeypatch):
    monkeypatch.setattr(bootstrap, "_works", lambda path, code="": False)
    with pytest.raises(SetupError, match=r"sudo apt install python3\.\d+-venv"):
        setup(clone)


def test_old_python(clone, monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 8, 18))
    with pytest.raises(SetupError, match=r"needs Python 3.11 or newer; .* is 3.8.18"):
        setup(clone)


def test_lock_missing(tmp_path):
    with pytest.raises(SetupError, match=r"requirements.lock is missing"):
        setup(tmp_path)


@pytest.mark.parametrize(
    ("free", "said"), [(50e9, "there is no network"), (1e6, "The disk is full")]
)
def test_failed_step(monkeypatch, free, said):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, free))
    command = [sys.executable, "-c", "raise SystemExit(1)"]
    with pytest.raises(SetupError, match=f"^It failed. .*{said}.*run the same command"):
        bootstrap._run(command, "It failed")


def test_command_that_is_not_there():
    with pytest.raises(SetupError, match="It failed: .*No such file"):
        bootstrap._run(["/no/such/python"], "It failed")


@pytest.fixture
def busy():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        yield sock.getsockname()[1]


def test_busy_port(busy):
    with pytest.raises(SetupError, match=f"Port {busy} is busy"):
        free_port(str(busy))


def test_next_free_port(busy, monkeypatch, capsys):
    monkeypatch.setattr(bootstrap, "FIRST_PORT", busy)
    port = free_port()
    assert busy < port < busy + 100
    assert f"Port {busy} is busy; using {port}." in capsys.readouterr().out


@pytest.mark.parametrize("port", ["0", "70000", "http", "-1"])
def test_no_port_at_all(port):
    with pytest.raises(SetupError, match="a number from 1 to 65535"):
        free_port(port)


def test_lab_command(monkeypatch, capsys):
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    command = lab_command(Path("python"), 8890, ["--no-browser"])
    assert f"--ServerApp.root_dir={HOME / 'notebooks'}" in command
    assert "--port=8890" in command
    assert command[-1] == "--no-browser"
    assert "--allow-root" not in command
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    assert "--allow-root" in lab_command(Path("python"), 8890, [])
    assert "You are root" in capsys.readouterr().out


def test_formgrader_serves_the_whole_course():
    command = lab_command(Path("python"), 8890, [], formgrader=True)
    assert f"--ServerApp.root_dir={HOME}" in command
    assert "--LabApp.default_url=/formgrader" in command


def test_environment_puts_its_commands_first():
    env = bootstrap.environment(Path("/x/.venv/bin/python"))
    assert env["PATH"].split(os.pathsep)[0] == "/x/.venv/bin"
    assert env["VIRTUAL_ENV"] == "/x/.venv"


def test_needs_nothing_but_the_standard_library():
    script = HOME / "staff/setup/bootstrap.py"
    code = f"import runpy; runpy.run_path({str(script)!r})"
    command = [sys.executable, "-I", "-S", "-c", code]
    subprocess.run(command, check=True, cwd="/")


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_without_a_python(tmp_path):
    (tmp_path / "Makefile").symlink_to(HOME / "Makefile")
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ["sh", "echo"]:
        (tools / name).symlink_to(shutil.which(name))
    command = [shutil.which("make"), "lab"]
    env = {"PATH": str(tools)}
    done = subprocess.run(
        command, cwd=tmp_path, env=env, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "This course needs Python 3.11 or newer, and none was found." in done.stdout
