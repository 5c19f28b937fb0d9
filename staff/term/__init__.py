<<<<<<< HEAD
"""An instructor's whole term: from the roster to returned grades."""
=======
"""What a whole term needs besides grading."""
>>>>>>> part-i16b
