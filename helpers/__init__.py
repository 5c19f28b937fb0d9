"""Shared code of the notebooks; import the module you need, e.g. `helpers.data`."""
