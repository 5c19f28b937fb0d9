"""What a sentence about a result rests on: scores, intervals, claims."""
