"""The words in which checks are written; `Trial` is the first of them."""
