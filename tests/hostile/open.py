"""Cases that still get through: each is expected to fail until it is mended.

Whoever mends one takes it out of here; the case itself stays in the bank.
"""

__all__ = ["OPEN"]

OPEN = {
    "attributes-one-after-the-other": (
        "the judge follows a name through itself: n attributes make n to the eighth "
        "names, and the answer is out of time"
    ),
}
"""Case → why."""
