"""From masters to the notebooks of instructor and learner."""
