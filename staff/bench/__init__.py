"""Speed, measured side by side in one run: training loops, the grader."""
