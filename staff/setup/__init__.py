"""Set up a machine, renew the lock, pack the wheel."""
