"""What the learner does besides code: predictions, quizzes, flashcards, progress."""
