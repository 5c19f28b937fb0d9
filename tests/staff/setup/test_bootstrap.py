"""Set-up on a fresh machine: what it does, and what it says when it cannot."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections import namedtuple
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from staff.setup import bootstrap, sections, server, steps, torch_build
from staff.setup.bootstrap import setup
from staff.setup.server import free_port, lab_command
from staff.setup.steps import SetupError

HOME = Path(__file__).resolve().parents[3]
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def clone(tmp_path):
    """A folder like a fresh clone, as far as set-up looks at it."""
    for name in ["requirements.lock", "pyproject.toml"]:
        shutil.copy(HOME / name, tmp_path)
    return tmp_path


@pytest.fixture
def machine(clone, monkeypatch):
    """Record what set-up would run; pretend that each step works."""
    machine = Machine(clone / ".venv/bin/python")
    monkeypatch.setattr(steps, "run", machine.run)
    monkeypatch.setattr(steps, "attempt", machine.attempt)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, 100e9))
    monkeypatch.setattr(sys, "platform", "linux")
    return machine


@dataclass
class Machine:
    """A machine without a network, on which every command works.

    Args:
        python: of the environment.
        seen: commands that ran.
        installed: names of the packages that pip and uv were given, in order.
        refuses: part of a command that fails.
    """

    python: Path
    seen: list[str] = field(default_factory=list)
    installed: list[str] = field(default_factory=list)
    refuses: str = "nothing at all"
    has_pip: bool = False

    def run(self, command, failure):
        words = [str(word) for word in command]
        line = " ".join(words)
        if self.refuses in line:
            raise SetupError(failure)
        self.seen.append(line)
        if "venv" in words:
            self.python.parent.mkdir(parents=True, exist_ok=True)
            self.python.touch()
        self.has_pip |= "ensurepip" in words
        if "-r" in words:
            assert {"--require-hashes", "--no-deps"} <= set(words)
            text = Path(words[words.index("-r") + 1]).read_text()
            self.installed += sections.pins(text)
        self.installed += [word for word in words if "==" in word]

    def attempt(self, command, **variables):
        words = [str(word) for word in command]
        if self.refuses in " ".join(words):
            return "failed to look up the address"
        if words[0] == str(self.python) and not self.python.exists():
            return "No such file"
        return None if self.has_pip or "import pip" not in words else "no pip"

    def forget(self):
        self.seen.clear()
        self.installed.clear()


def test_fresh_machine_then_nothing_to_do(clone, machine):
    python = setup(clone)
    for part in ("-m venv", "ensurepip", "--editable"):
        assert any(part in command for command in machine.seen), part
    assert machine.installed[:2] == ["setuptools", "uv"]
    assert {"torch", "nvidia-nccl-cu13", "jupyterlab"} <= set(machine.installed)
    machine.forget()
    assert setup(clone) == python
    assert machine.seen == []


def test_learners_get_what_learners_need(clone, machine):
    setup(clone)
    assert {"jupyterlab", "nbgrader", "numpy"} <= set(machine.installed)
    assert {"playwright", "dask", "hypothesis"} & set(machine.installed) == set()


def test_bytecode_is_written_for_those_who_start_many_processes(clone, machine):
    setup(clone)
    assert not any("--compile-bytecode" in line for line in machine.seen)
    setup(clone, "staff")
    assert "--compile-bytecode" in machine.seen[-1]


def test_the_rest_is_added_when_it_is_needed(clone, machine, capsys):
    setup(clone)
    machine.forget()
    setup(clone, "test")
    assert {"dask", "jupytext", "playwright", "hypothesis"} <= set(machine.installed)
    assert {"torch", "jupyterlab", "uv"} & set(machine.installed) == set()
    assert "what it lacks (staff, site, test)" in capsys.readouterr().out
    machine.forget()
    for wanted in sections.SETS:
        setup(clone, wanted)
    assert machine.seen == []


def test_all_at_once(clone, machine):
    setup(clone, "test")
    assert set(machine.installed) == {
        name for text in sections.read(HOME).values() for name in sections.pins(text)
    }
    assert len(machine.seen) == 5  # venv, pip, installers, packages, the course


def edit(clone, name, before="# == lab\n", after="# == lab\n# changed\n"):
    text = (clone / name).read_text()
    assert before in text
    (clone / name).write_text(text.replace(before, after))


def test_changed_dependencies_are_installed(clone, machine):
    setup(clone, "staff")
    machine.forget()
    edit(clone, "pyproject.toml", "numpy", "numpy ")
    setup(clone, "staff")
    assert not any("-m venv" in command for command in machine.seen)
    assert any("--editable" in command for command in machine.seen)
    assert "numpy" in machine.installed
    assert "dask" not in machine.installed


@pytest.mark.parametrize(
    ("section", "package", "other"),
    [("lab", "numpy", "dask"), ("torch", "torch", "dask"), ("staff", "dask", "numpy")],
)
def test_a_changed_section_is_installed_alone(clone, machine, section, package, other):
    setup(clone, "staff")
    machine.forget()
    head = f"# == {section}\n"
    edit(clone, "requirements.lock", head, f"{head}# changed\n")
    setup(clone, "staff")
    assert package in machine.installed
    assert other not in machine.installed


def test_moved_folder_is_set_up_afresh(clone, machine):
    setup(clone, "staff")
    stamp = clone / ".venv/course-setup.json"
    stamp.write_text(json.dumps(json.loads(stamp.read_text()) | {"root": "/elsewhere"}))
    machine.forget()
    setup(clone)
    assert any("-m venv --clear" in command for command in machine.seen)
    machine.forget()
    setup(clone, "staff")
    assert "dask" in machine.installed


def test_broken_environment_is_set_up_again_with_all_of_it(clone, machine):
    setup(clone, "staff")
    machine.python.unlink()
    machine.forget()
    setup(clone)
    assert "numpy" in machine.installed
    machine.forget()
    setup(clone, "staff")
    assert "dask" in machine.installed


@pytest.mark.parametrize("at", ["course-requirements.txt", "--editable"])
def test_interrupted_set_up_goes_on(clone, machine, at):
    machine.refuses = at
    with pytest.raises(SetupError):
        setup(clone)
    machine.refuses = "nothing at all"
    machine.forget()
    setup(clone)
    assert not any("-m venv" in command for command in machine.seen)
    assert "numpy" in machine.installed


def test_interrupted_addition_keeps_what_is_there(clone, machine):
    setup(clone)
    machine.refuses = "course-requirements.txt"
    with pytest.raises(SetupError):
        setup(clone, "staff")
    machine.forget()
    machine.refuses = "nothing at all"
    setup(clone)
    assert machine.seen == []
    setup(clone, "staff")
    assert "dask" in machine.installed


def test_damaged_stamp_sets_up_again(clone, machine):
    setup(clone)
    for text in ("{", "[]", '{"root": 1, "content": "of an earlier version"}'):
        (clone / ".venv/course-setup.json").write_text(text)
        machine.forget()
        setup(clone)
        assert machine.installed


def test_no_disk(clone, machine, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, 1.5e9))
    with pytest.raises(SetupError, match=r"need about \d GB, .* has 1.5 GB free"):
        setup(clone)
    assert not (clone / ".venv").exists()


def test_little_disk_is_enough_once_torch_is_there(clone, machine, monkeypatch):
    torch = clone / ".venv/lib/python3.11/site-packages/torch"
    torch.mkdir(parents=True)
    (torch / "version.py").touch()
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, 1.5e9))
    setup(clone)


def test_python_without_venv(clone, monkeypatch):
    monkeypatch.setattr(steps, "attempt", lambda command, **variables: "no")
    with pytest.raises(SetupError, match=r"sudo apt install python3\.\d+-venv"):
        setup(clone)


def test_old_python(clone, monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 8, 18))
    with pytest.raises(SetupError, match=r"needs Python 3.11 or newer; .* is 3.8.18"):
        setup(clone)


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml"])
def test_file_missing(clone, name):
    (clone / name).unlink()
    with pytest.raises(SetupError, match=rf"{name} is missing .* Clone again"):
        setup(clone)


def test_lock_without_its_sections(clone):
    edit(clone, "requirements.lock", "# == staff\n", "")
    with pytest.raises(SetupError, match=r"expected the sections .*, found setup, tor"):
        setup(clone)


# --- the build of torch -----------------------------------------------------------


def names_of(machine):
    return {name.split("==")[0] for name in machine.installed}


def test_the_build_for_the_cpu(clone, machine):
    setup(clone, torch="cpu")
    version = sections.pins(sections.read(clone)["torch"])["torch"]
    (line,) = [line for line in machine.seen if "--torch-backend=cpu" in line]
    assert f"torch=={version} torchvision==" in line
    assert not any(name.startswith(("nvidia-", "cuda-")) for name in names_of(machine))
    assert {"torch", "torchvision", "numpy", "jupyterlab"} <= names_of(machine)
    machine.forget()
    setup(clone)  # it stays without being asked for again
    setup(clone, torch="cpu")
    assert machine.seen == []
    setup(clone, "test")
    assert "playwright" in machine.installed
    assert "torch" not in names_of(machine)


def test_the_other_build_is_set_up_afresh(clone, machine):
    for build in ("cpu", "default", "cpu"):
        machine.forget()
        setup(clone, torch=build)
        assert ("nvidia-nccl-cu13" in machine.installed) is (build == "default")
        assert {"torch", "numpy"} <= names_of(machine)
    assert any("-m venv --clear" in command for command in machine.seen)


def test_no_way_to_the_build_for_the_cpu(clone, machine, capsys):
    machine.refuses = "--torch-backend"
    setup(clone, torch="cpu")
    assert {"torch", "nvidia-nccl-cu13"} <= set(machine.installed)
    said = "cannot be had from here (failed to look up the address), so the ordinary"
    assert said in capsys.readouterr().out
    machine.forget()
    setup(clone, torch="cpu")
    assert machine.seen == []


def test_no_disk_for_the_ordinary_build_in_its_place(clone, machine, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, 3e9))
    machine.refuses = "--torch-backend"
    with pytest.raises(SetupError, match="Not enough disk space"):
        setup(clone, torch="cpu")
    machine.refuses = "nothing at all"
    setup(clone, torch="cpu")


def test_the_ordinary_build_is_small_elsewhere(clone, machine, monkeypatch, capsys):
    monkeypatch.setattr(sys, "platform", "darwin")
    setup(clone, torch="cpu")
    assert "no CUDA in it anyway" in capsys.readouterr().out
    assert not any("--torch-backend" in command for command in machine.seen)
    assert "torch" in machine.installed


@pytest.mark.parametrize(
    ("platform", "gpu", "asked", "said"),
    [
        ("linux", False, "", True),
        ("linux", True, "", False),
        ("linux", False, "default", False),
        ("linux", False, "cpu", False),
        ("darwin", False, "", False),
    ],
)
def test_hint_where_no_gpu_is_seen(
    clone, machine, monkeypatch, capsys, tmp_path, platform, gpu, asked, said
):
    (tmp_path / "nvidiactl").touch()
    devices = [str(tmp_path / "nvidiactl")] if gpu else [str(tmp_path / "nothing")]
    monkeypatch.setattr(torch_build, "_DEVICES", devices)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(sys, "platform", platform)
    setup(clone, torch=asked)
    assert ("`make lab TORCH=cpu` installs" in capsys.readouterr().out) is said
    setup(clone, "staff")
    assert "TORCH=cpu" not in capsys.readouterr().out


def test_drivers_are_enough_to_see_a_gpu(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(torch_build, "_DEVICES", [])
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    assert torch_build.hint() == ""


# --- steps ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("free", "said"), [(50e9, "there is no network"), (1e6, "The disk is full")]
)
def test_failed_step(monkeypatch, free, said):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, free))
    command = [sys.executable, "-c", "raise SystemExit(1)"]
    with pytest.raises(SetupError, match=f"^It failed. .*{said}.*run the same command"):
        steps.run(command, "It failed")


def test_command_that_is_not_there():
    with pytest.raises(SetupError, match="It failed: .*No such file"):
        steps.run(["/no/such/python"], "It failed")
    assert "No such file" in steps.attempt(["/no/such/python"])


def test_attempts_say_their_last_line():
    code = "import sys; sys.exit('error: it failed\\n  cause: no network\\n')"
    assert steps.attempt([sys.executable, "-c", code]) == "no network"
    assert steps.attempt([sys.executable, "-c", "exit(3)"]) == "status 3"
    assert steps.attempt([sys.executable, "-c", ""]) is None


def test_installers_follow_the_persons_network_and_nothing_else(monkeypatch):
    network = {"UV_INDEX_URL": "a", "PIP_CERT": "b", "https_proxy": "c"}
    for name, value in network.items():
        monkeypatch.setenv(name, value)
    elsewhere = ["PIP_TARGET", "PIP_CONSTRAINT", "UV_NO_VERIFY_HASHES", "UV_OVERRIDE"]
    for name in [*elsewhere, "UV_TORCH_BACKEND", "PYTHONPATH"]:
        monkeypatch.setenv(name, "1")
    env = steps.environment(ONE="1")
    assert env | network | {"ONE": "1", "PIP_USER": "0"} == env
    assert env.keys().isdisjoint([*elsewhere, "UV_TORCH_BACKEND", "PYTHONPATH"])


# --- JupyterLab -------------------------------------------------------------------


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
    monkeypatch.setattr(server, "FIRST_PORT", busy)
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
    first = "/lab/tree/00_start_here/00_start_here.ipynb"
    assert f"--LabApp.default_url={first}" in command
    assert command[-1] == "--no-browser"
    assert "--allow-root" not in command
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    assert "--allow-root" in lab_command(Path("python"), 8890, [])
    assert "You are root" in capsys.readouterr().out


def test_lab_brings_its_style_along(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    assert "--LabApp.custom_css=True" in lab_command(Path("python"), 8890, [])
    style = tmp_path / "jupyter/custom/custom.css"
    assert "max-width" in style.read_text()
    monkeypatch.setenv("COURSE_HOME", str(style))  # no folder can be made in a file
    assert "--LabApp.custom_css=True" not in lab_command(Path("python"), 8890, [])


def test_formgrader_serves_the_whole_course():
    command = lab_command(Path("python"), 8890, [], formgrader=True)
    assert f"--ServerApp.root_dir={HOME}" in command
    assert "--LabApp.default_url=/formgrader" in command


def test_environment_puts_its_commands_first():
    env = bootstrap.environment(Path(sys.executable))
    assert env["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)
    assert env["VIRTUAL_ENV"] == str(Path(sys.executable).parents[1])


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


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_what_make_is_told_comes_from_its_command_line():
    theirs = {"PORT": "3000", "ARGS": "--hub", "TORCH": "2.0", "PYTHON": "/no/python"}
    command = [shutil.which("make"), "--dry-run", "--directory", HOME, "lab"]
    shown = []
    for words in ([], ["PORT=8890", "TORCH=cpu", "ARGS=--no-browser"]):
        done = subprocess.run(
            [*command, *words], env=os.environ | theirs, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        shown.append(done.stdout)
    assert not [word for word in theirs.values() if word in shown[0]]
    for word in ('--port "8890"', '--torch "cpu"', "lab --no-browser"):
        assert word in shown[1]


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize(
    ("target", "wanted"),
    [
        ("lab", ""),
        ("test", "--with test"),
        ("grade", "--with staff"),
        ("build", "staff"),
    ],
)
def test_each_command_has_its_packages(target, wanted):
    command = [shutil.which("make"), "--dry-run", "--directory", HOME, target]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert ("--with" in shown) is bool(wanted)
    assert wanted in shown
