"""Teaching material from the bank of right and wrong answers."""
