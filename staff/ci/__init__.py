"""Everything that continuous integration runs."""
