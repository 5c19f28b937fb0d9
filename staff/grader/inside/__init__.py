"""What runs inside the sandbox: the warm process, the session, its guard.

These modules import nothing of the course but what lies in this folder; the sandbox
shows them the interpreter, its packages, ``helpers`` and ``data``, and no more.
"""
