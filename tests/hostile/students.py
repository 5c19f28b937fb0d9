"""Names of students that are more than a name."""

from tests.hostile.case import TARGET, WRONG, Bank

__all__ = ["bank"]

bank = Bank("students")
NAMES = {
    "formula": "=cmd()",
    "formula-plus": "+1+1",
    "formula-at": "@sum(a1)",
    "option": "--help",
    "dash": "-rf",
    "dots": "..x",
    "three-dots": "...",
    "blank": "two words",
    "blank-ends": " blank ",
    "quote": "o'neill",
    "double-quote": 'a"b',
    "sql": "x'; drop table student; --",
    "markup": "<img src=x onerror=1>",
    "shell": "$(id);`id`|id&",
    "glob": "st*[a-z]?",
    "percent": "%s%(x)s%2e%2e",
    "braces": "{0.__class__}{student_id}",
    "backslash": "a\\..\\b",
    "comma": "a,b;c",
    "newline": "line\nbreak",
    "tab": "tab\there",
    "escape": "red\x1b[31m",
    "unicode": "Łukasz-Ünal",
    "right-to-left": "\u202egnp.exe",
    "emoji": "🦉",
    "composed": "Jose\u0301",
    "long": "n" * 200,
    "null-word": "null",
    "device": "nul",
    "number": "007",
    "course-folder": "submitted",
    "dunder": "__init__",
    "tilde": "~root",
    "colon": "c:evil",
    "surrogate": "caf\udce9",
}
ALLOWED = {
    "*": "PASS INVALID_FILE REFUSED"
}  # refused: named to the instructor, not run
STRICT = {"blank", "quote", "unicode", "number", "null-word"}

for label, name in NAMES.items():

    @bank.add(
        f"student-{label}",
        f"a right notebook by {name!r}",
        {"*": "PASS"} if label in STRICT else ALLOWED,
        student=name,
    )
    def _(desk):
        desk.path.write_bytes(desk.data())


for label, name in {"upper": "Twin-Case", "lower": "twin-case"}.items():

    @bank.add(
        f"student-twin-{label}",
        f"{name!r}, who has a twin in other letters; one of them is wrong",
        {TARGET: "PASS" if label == "upper" else "FAIL"},
        student=name,
    )
    def _(desk, label=label):
        if label == "lower":
            desk.answer(WRONG)
        desk.path.write_bytes(desk.data())
