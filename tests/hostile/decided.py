"""Which verdict this grader gives where several would be right.

The bank says what any grader may do; here stands what ours does with files, names and
values, so that a change of mind is noticed. (What attacks on the process get may depend
on the machine: that is not decided.)
"""

__all__ = ["DECIDED"]

_NAMES = {
    "ERROR": """
        test-as-answer different-names wrong-signature
    """,
    "FAIL": """
        edited-setup two-unnamed-candidates helpers-beside returns-sparse
        returns-nested
    """,
    "INVALID_FILE": """
        other-assignment empty-folder json-null json-number json-list json-text
        json-object json-cells-is-text json-cells-are-numbers json-nan
        json-big-number trailing-noise duplicate-keys many-cells
        many-running-cells deep-metadata long-answer checkpoint-only
        nested-folder folder-as-file
    """,
    "MISSING": """
        source-null source-missing
    """,
    "PASS": """
        answer-after-test two-answers-in-one-cell answer-as-markdown
        answer-as-raw unknown-cell-type hostile-ids ids-of-wrong-type
        grade-ids-of-wrong-type nbgrader-is-a-list metadata-is-null
        metadata-missing extra-as-setup nbformat-3 nbformat-5-0 nbformat-2-0
        nbformat-4-5 nbformat-None-None outputs-odd encoding-utf-16
        encoding-utf-16-le encoding-utf-32 encoding-latin-1 old-mac-lines
        name-upper-case name-json-ending name-txt-ending name-other-name
        name-hidden-name executable student-device student-course-folder
        student-dunder
    """,
    "REFUSED": """
        student-formula student-formula-plus student-formula-at student-option
        student-dash student-dots student-three-dots student-blank-ends
        student-double-quote student-sql student-markup student-shell
        student-glob student-percent student-braces student-backslash
        student-comma student-newline student-tab student-escape
        student-right-to-left student-emoji student-composed student-long
        student-tilde student-colon student-surrogate
    """,
}

DECIDED = {name: verdict for verdict, names in _NAMES.items() for name in names.split()}
"""Case → verdict on the question that it attacks."""
