"""Cases that still get through: each is expected to fail until it is mended.

Whoever mends one takes it out of here; the case itself stays in the bank.
"""

__all__ = ["OPEN"]

_UNREAD = (
    "the judge leaves out a cell that Python cannot parse as it stands, and IPython "
    "runs it"
)
OPEN = {
    **dict.fromkeys(
        (
            "library-prompts",
            "library-numbered-prompts",
            "library-slash",
            "library-comma",
            "library-semicolon",
        ),
        _UNREAD,
    ),
}
"""Case → why."""
