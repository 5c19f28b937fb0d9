"""nbgrader's settings: where the course stands, how an open exercise looks."""

from pathlib import Path

c = get_config()  # noqa: F821  (nbgrader provides it)

root = Path(__file__).resolve().parent

c.CourseDirectory.course_id = "regularization"
c.CourseDirectory.root = str(root)
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "notebooks"
c.CourseDirectory.submitted_directory = "grading/submitted"
c.CourseDirectory.autograded_directory = "grading/autograded"
c.CourseDirectory.feedback_directory = "grading/feedback"
c.CourseDirectory.db_url = f"sqlite:///{root / 'grading' / 'gradebook.db'}"
c.ExportPlugin.to = str(root / "grading" / "grades.csv")

c.ClearSolutions.code_stub = {"python": "raise NotImplementedError"}
c.ClearSolutions.text_stub = "*Write your answer here, in place of this line.*"
c.GenerateAssignment.preprocessors.append(
    "staff.authoring.preprocessors.GoOnAfterFailures"
)
# What lateness costs stands in grading/term.toml (`python -m staff term`).
c.AssignLatePenalties.plugin_class = "staff.grader.late.TermPenalty"
# `nbgrader generate_feedback`, too, writes our page: it shows no hidden test.
c.GenerateFeedback.exporter_class = "staff.grader.exporter.FeedbackPage"
# One cell trains for at most 20 seconds where it was timed; leave slower machines room.
c.Execute.timeout = 600
