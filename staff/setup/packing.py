"""What goes into a wheel: ``helpers`` and the data, and nothing of the staff's.

setuptools runs this (pyproject.toml names it) in an environment that has nothing else.
"""

from setuptools.command.build_py import build_py  # type: ignore[import-untyped]

__all__ = ["WithoutStaff"]


class WithoutStaff(build_py):  # type: ignore[misc]  # setuptools has no types
    """Pack what notebooks import; an editable installation still has everything."""

    packages: list[str] | None

    def finalize_options(self) -> None:
        """Leave the staff's packages out, unless the installation is editable."""
        super().finalize_options()
        if not self.editable_mode and self.packages:
            kept = [name for name in self.packages if name.split(".")[0] != "staff"]
            self.packages = kept
