"""One module of checks per notebook, by its stem; `helpers.checks.load` gives it."""
