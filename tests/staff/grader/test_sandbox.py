"""Each layer is tried by getting out of it, and grading refuses to go without."""

import sys

import pytest

from staff.course import CourseError
from staff.grader import sandbox
from staff.grader.sandbox import Finding, Sandbox, choose, probe

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux only")


@needs_linux
@pytest.mark.parametrize("layer", ["bubblewrap", "landlock", "seccomp"])
def test_the_probe_shuts_every_way_out(layer):
    finding = next(each for each in probe() if each.layer == layer)
    if not finding.works:
        pytest.skip(f"not on this machine: {finding.detail}")
    assert finding.detail == "every way out was shut"


@needs_linux
def test_the_probe_sees_a_layer_that_does_nothing():
    """The same attempts without any layer succeed: the probe can fail."""
    finding = sandbox._try("nothing", (), "wrsk")
    assert not finding.works
    for way in ("wrote outside", "read a secret", "opened a socket", "signalled"):
        assert way in finding.detail


@needs_linux
def test_the_probe_sees_a_filter_that_is_too_narrow(monkeypatch):
    if "seccomp" not in {each.layer for each in probe() if each.works}:
        pytest.skip("no seccomp on this machine")
    narrow = "calls._ALLOWED = calls._ALLOWED.replace(' pipe2 ', ' ')\n"
    monkeypatch.setattr(
        sandbox, "_ATTACK", sandbox._ATTACK.replace("layers =", f"{narrow}layers =", 1)
    )
    finding = sandbox._try("seccomp", ("seccomp",), "sk")
    assert not finding.works
    assert "answers could not start a program" in finding.detail


def findings(**works):
    layers = ("bubblewrap", "landlock", "seccomp")
    return tuple(Finding(name, works.get(name, False), "broken") for name in layers)


def test_all_that_works_is_used(monkeypatch):
    found = findings(bubblewrap=True, landlock=True, seccomp=True)
    monkeypatch.setattr(sandbox, "probe", lambda: found)
    assert choose("auto").layers == ("bubblewrap", "landlock", "seccomp")
    assert choose("landlock").layers == ("landlock", "seccomp")


@pytest.mark.parametrize(
    ("wish", "works"),
    [
        ("auto", {}),
        ("auto", {"seccomp": True}),
        ("auto", {"bubblewrap": True, "landlock": True}),
        ("bubblewrap", {"landlock": True, "seccomp": True}),
    ],
)
def test_with_less_than_asked_for_it_refuses(monkeypatch, wish, works):
    monkeypatch.setattr(sandbox, "probe", lambda: findings(**works))
    with pytest.raises(CourseError, match="(?s)No sandbox strong enough.*--unsafe"):
        choose(wish)


def test_a_wish_that_does_not_exist():
    with pytest.raises(CourseError, match="expected one of"):
        choose("docker")


def test_bubblewrap_shows_no_more_of_the_course_than_a_session_needs(tmp_path):
    for name in ("helpers", "data", "solutions", "grading", "tests", "staff"):
        (tmp_path / name).mkdir()
    for name in ("inside", "judge"):
        (tmp_path / "staff" / "grader" / name).mkdir(parents=True)
    command = Sandbox(("bubblewrap",)).command(tmp_path, tmp_path, ["true"])
    bound = {a for flag, a in zip(command, command[1:], strict=False) if "bind" in flag}
    ours = {path for path in bound if path.startswith(str(tmp_path))}
    wanted = ("helpers", "data", "staff/grader/inside", "staff/grader/judge")
    assert ours == {str(tmp_path / name) for name in wanted}
    assert "--unshare-all" in command
