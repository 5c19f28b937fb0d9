"""What goes into a wheel: ``helpers`` and the data, and nothing of the staff's.

setuptools runs this (pyproject.toml names it) in an environment that has nothing else.
"""

from setuptools.command.build_py import build_py

__all__ = ["WithoutStaff"]


class WithoutStaff(build_py):
    """Pack what notebooks import; an editable installation still has everything."""

    def finalize_options(self) -> None:
        super().finalize_options()
        if not self.editable_mode:
            packages = self.packages or []
            self.packages = [p for p in packages if p.split(".")[0] != "staff"]
