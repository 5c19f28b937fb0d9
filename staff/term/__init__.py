"""An instructor's whole term: from the roster to returned grades."""
