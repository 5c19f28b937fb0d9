"""Grade a class in seconds; no submission can stop it (``python -m staff grade``)."""
