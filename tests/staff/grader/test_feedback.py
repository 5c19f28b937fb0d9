"""Feedback: plain words, nothing hidden, nothing active, small, whatever comes."""

import html.parser
import re

import pytest

from staff.grader.feedback import WORDS, Page, points
from staff.grader.model import QuestionResult, Result, Step, Verdict
from staff.grader.pages import clean, cut
from staff.grader.record import invalid_result
from tests.staff.grader.made import ANSWERS, results
from tests.staff.grader.made import handed_in as submit

ACTIVE = (
    "<script>alert(1)</script><img src=x onerror=alert(1)>"
    '"><svg onload=alert(1)> javascript:alert(1) <a href="http://evil.test">x</a>'
)


class Reader(html.parser.HTMLParser):
    """Collects tags, attributes and text; complains about what is not closed."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.open, self.text = [], [], [], ""
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in {"meta", "rect"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def harmless(page):
    read = Reader(page)
    known = {"html", "head", "meta", "title", "style", "body", "main", "section", "p"}
    known |= {"h1", "h2", "h3", "ul", "li", "pre", "code", "details", "summary", "span"}
    assert set(read.tags) <= known
    names = {name for name, _ in read.attributes}
    assert names <= {"lang", "charset", "http-equiv", "content", "name", "class"}
    assert read.tags.count("style") == 1
    policy = dict(read.attributes)
    assert policy["lang"] == "en"
    csp = re.search(r'Security-Policy" content="([^"]*)"', page)[1]
    assert "default-src 'none'" in csp.replace("&#39;", "'")
    assert "unsafe" not in csp
    return read


@pytest.fixture
def page(bundle):
    return Page(bundle)


def test_every_verdict_has_words_and_points(page, bundle):
    assert WORDS.keys() == set(Verdict)
    for verdict, words in WORDS.items():
        result = results(bundle, "Counter", double=QuestionResult(verdict, "So it is."))
        read = harmless(page.render(submit(bundle, "ada"), result))
        assert words in read.text
        assert "So it is." in read.text
        earned = "5 of 5 points" if verdict == "PASS" else "3 of 5 points"
        assert earned in read.text
        assert "How to go on" in read.text
        assert not re.search(rf"\b{verdict}\b", read.text)


def test_headings_answer_and_output(page, bundle):
    read = harmless(page.render(submit(bundle, "ada"), results(bundle, "double")))
    assert [t for t in read.tags if t in {"h1", "h2"}] == ["h1", "h2", "h2"]
    assert "What does a small course look like?" in read.text
    assert ANSWERS["Counter"] in read.text
    assert "hi" in read.text
    assert "ada" in read.text
    assert "change your answer" in " ".join(read.text.split())


def test_all_right_says_so(page, bundle):
    page = page.render(submit(bundle, "ada"), results(bundle, "double", "Counter"))
    assert "Everything is right" in page


def test_a_file_that_cannot_be_read(page, bundle):
    bad = submit(bundle, "ada", steps=(), invalid="This is a web page.")
    read = harmless(page.render(bad, invalid_result(bundle, bad)))
    assert read.text.count("This is a web page.") == 1
    assert "0 of 5 points" in read.text
    assert "hand in that .ipynb file" in " ".join(read.text.split())


def test_repairs_are_told_suspicions_and_evidence_are_not(page, bundle):
    one = submit(bundle, "ada", repairs=("Cell moved.",), suspicions=("Odd <b>.",))
    bad = QuestionResult(Verdict.TAMPERED, "Looked at.", evidence="patched allclose")
    text = page.render(one, results(bundle, double=bad))
    assert "Cell moved." in text
    assert "Odd" not in text
    assert "patched" not in text


def test_nothing_a_learner_wrote_is_active(page, bundle):
    answers = {"double": ACTIVE, "Counter": ACTIVE + "\x1b[31m\x00\u202e\u2028\ud800"}
    one = submit(bundle, ACTIVE, answers, file=ACTIVE, repairs=(ACTIVE,))
    bad = QuestionResult(Verdict.FAIL, ACTIVE + "\x1b]0;title\x07\x9b")
    result = results(bundle, double=bad, Counter=bad)
    result.outputs["double"] = [
        {"output_type": "stream", "name": "stdout", "text": ACTIVE},
        {"output_type": "display_data", "data": {"text/html": "<b>no</b>"}},
        {"output_type": "display_data", "data": {"text/plain": [ACTIVE, ACTIVE]}},
        {"output_type": "error", "ename": "E", "evalue": "secret", "traceback": ["t"]},
        {},
    ]
    text = page.render(one, result)
    read = harmless(text)
    assert ACTIVE in read.text
    assert "secret" not in text
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]", text)
    text.encode()


def test_hidden_tests_never_show(page, bundle):
    hidden = "assert double(48_271) == 96_542"
    leaks = f"before\n    {hidden}\nwith 48271, {hidden} and 96_542\n  17 fine 48_2711"
    bad = QuestionResult(Verdict.FAIL, leaks, hidden=True)
    result = results(bundle, double=bad)
    result.outputs["double"] = [
        {"output_type": "stream", "name": "stdout", "text": hidden}
    ]
    text = page.render(submit(bundle, "ada"), result)
    read = harmless(text)
    assert "48_271)" not in text
    assert "48271," not in text
    assert "96_542" not in text
    assert "before\n…\n…\n  17 fine 48_2711" in read.text
    assert "not the same check on other numbers" in " ".join(read.text.split())
    assert "assert double(1) == 2" not in text  # the visible check: in the notebook


def test_the_page_stays_small(page, bundle):
    for filler in ("&", "<", "x", "\N{SNOWMAN}", "\n", "\x1b[31m", "'"):
        huge = filler * 3_000_000
        answers = dict.fromkeys(ANSWERS, huge)
        given = {"file": huge, "repairs": (huge,) * 500}
        one = submit(bundle, "ada", answers, **given)
        bad = QuestionResult(Verdict.FAIL, huge)
        outputs = {n: [{"output_type": "stream", "text": huge}] for n in ANSWERS}
        result = Result(dict.fromkeys(bundle.questions, bad), outputs)
        assert len(page.render(one, result).encode()) < 200_000


def test_several_cells_answer_one_question(page, bundle):
    steps = [*submit(bundle, "ada").steps, Step("answer", "late = 1", "x", "double")]
    one = submit(bundle, "ada", steps=tuple(steps))
    text = page.render(one, results(bundle))
    assert "late = 1" in text


@pytest.mark.parametrize(
    ("value", "text"), [(2, "2"), (2.0, "2"), (1.5, "1.5"), (0, "0"), (10, "10")]
)
def test_points(value, text):
    assert points(value) == text


def test_clean_and_cut():
    assert (
        clean("a\r\nb\tc\x1b[1;31md\x1b[0m\x07") == "a\nb\tcd\N{REPLACEMENT CHARACTER}"
    )
    turned = "a\u061cb\u202ec\u2066d\u200be\U000e0041f\u2028g\u00adh"
    assert clean(turned) == "\N{REPLACEMENT CHARACTER}".join("abcdefgh")
    joined = "\U0001f468\u200d\U0001f469 \u0645\u06cc\u200c\u062e"
    assert clean(joined) == joined
    assert cut("abc", 3) == "abc"
    assert cut("abcd", 3).startswith("abc\n")
    assert len(cut("&" * 1000, 100).encode()) < 130
