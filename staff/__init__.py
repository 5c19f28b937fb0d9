"""What course staff run: ``python -m staff build``, ``test``, ``register``, ..."""
