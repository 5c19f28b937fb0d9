"""What a whole term needs besides grading."""
