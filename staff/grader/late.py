"""nbgrader's own place for late penalties, filled with the term's rules."""

from __future__ import annotations

from pathlib import Path

from nbgrader.plugins import LateSubmissionPlugin

from staff.grader.policy import Policy

__all__ = ["TermPenalty"]


class TermPenalty(LateSubmissionPlugin):  # type: ignore[misc]  # has no types
    """Takes what ``[late]`` of ``grading/term.toml`` says.

    ``nbgrader autograde`` and ``python -m staff grade`` both ask it. Where the file
    says nothing of lateness, nbgrader's setting `penalty_method` decides, as always.
    """

    def late_submission_penalty(
        self, student_id: str, score: float, total_seconds_late: float
    ) -> float | None:
        """Return the points that lateness costs; None if there is no rule for it.

        Args:
            student_id: not looked at: extensions are in the lateness already.
            score: points earned.
            total_seconds_late: after the due date, extension included.
        """
        late = Policy.read(Path(self.config.CourseDirectory.root)).late
        if late is None:
            stock: float | None = super().late_submission_penalty(
                student_id, score, total_seconds_late
            )
            return stock
        return round(score * late.share(total_seconds_late), 4)
