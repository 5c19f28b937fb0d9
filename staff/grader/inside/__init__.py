"""What runs inside the sandbox: the warm process, and the sessions forked from it.

These modules import nothing of the course but what lies in this folder and in
``judge``; the sandbox shows them the interpreter, its packages, ``helpers`` and
``data``, and no more.
"""
