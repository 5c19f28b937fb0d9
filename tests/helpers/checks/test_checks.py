"""The vocabulary of the checks, tried on a small exercise of its own."""

import random
from collections import OrderedDict
from fractions import Fraction

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers import checks
from helpers.checks import CheckFailed, NotAttempted, Trial, exercise, look
from helpers.checks.vocabulary.report import describe
from helpers.checks.vocabulary.watch import Watch
from helpers.study import progress


@pytest.fixture(autouse=True)
def no_progress(monkeypatch):
    monkeypatch.setattr(progress, "record", lambda *args: None)


@exercise("9.9", mistakes={"half": "The factor two is missing.", "in-place": "Copy!"})
def double(answer, t):
    t.part("a case by hand")
    x = torch.tensor([1.0, 2.0])
    t.close(t.call(answer, x), 2 * x, mistakes={"half": x})
    t.part("other numbers")
    x = t.randn(4, 3, dtype=t.dtype())
    t.close(t.call(answer, x), 2 * x, mistakes={"half": x})


def trial(**kwargs):
    return Trial("Exercise 9.9 · double", "double", mistakes={"id": "Ah."}, **kwargs)


def failure(answer, check=double):
    with pytest.raises(CheckFailed) as caught:
        check(answer)
    return caught.value


def test_right_answer_prints_one_line(capsys):
    double(lambda x: x + x)
    parts = "a case by hand, other numbers"
    line = f"✓ Exercise 9.9 · double: visible checks passed ({parts}).\n"
    assert capsys.readouterr().out == line


def test_named_mistake():
    error = failure(lambda x: x.clone())
    assert error.mistake == "half"
    text = "\n".join(error._render_traceback_())
    assert "The factor two is missing." in text
    assert "Expected  [2, 4]" in text
    assert "Got       [1, 2]" in text
    assert text == str(error)


def test_stub_is_one_friendly_line():
    def stub(x):
        raise NotImplementedError

    error = failure(stub)
    assert isinstance(error, NotAttempted)
    assert error.lines() == [
        "○ Exercise 9.9 · double: not attempted yet. "
        "Replace `raise NotImplementedError` by your answer."
    ]


def test_torchs_own_not_implemented_is_an_error_of_the_answer():
    def answer(x):
        raise NotImplementedError('"addmm" not implemented for "Half"')

    assert not isinstance(failure(answer), NotAttempted)


def test_error_names_the_learners_line():
    def answer(x):
        return x @ x @ torch.ones(3)

    error = failure(answer)
    assert "your code raised an error" in str(error)
    assert "return x @ x @ torch.ones(3)" in str(error)


def test_sys_exit_does_not_end_the_check():
    assert "SystemExit" in str(failure(lambda x: exit()))


def test_in_place_change_is_noticed():
    assert failure(lambda x: x.mul_(2)).mistake == "in-place"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda x: None, "is `return` missing"),
        (lambda x: [2.0, 4.0], "not a tensor"),
        (lambda x: (2 * x).double(), "wrong dtype"),
        (lambda x: 2 * x[:, None], "wrong shape"),
        (lambda x: 2 * x / 0 * 0, "contains NaN"),
        (lambda x: 3 * x, "not right"),
    ],
)
def test_other_wrong_results_say_what_is_wrong(answer, words):
    assert words in " ".join(str(failure(answer)).split())


def test_not_callable():
    assert "not a function" in str(failure(3.0))


def test_check_leaves_global_state_alone():
    def answer(x):
        torch.set_default_dtype(torch.float64)
        torch.manual_seed(1)
        random.seed(1)
        return x + x

    torch.manual_seed(7)
    random.seed(7)
    double(answer)
    after = torch.rand(1), random.random()
    torch.manual_seed(7)
    random.seed(7)
    assert after == (torch.rand(1), random.random())
    assert torch.get_default_dtype() == torch.float32


def test_seed_draws_other_cases():
    first, second = trial(seed=1), trial(seed=2)
    assert not torch.equal(first.randn(3), second.randn(3))
    assert torch.equal(trial(seed=1).randn(3), trial(seed=1).randn(3))


def test_number_rejects_tensors_with_advice():
    with pytest.raises(CheckFailed, match="item"):
        trial().number(torch.tensor(1.0))
    with pytest.raises(CheckFailed):
        trial().number(True)
    assert trial().number(1) == 1.0


def test_float64_results_may_have_passed_through_float32():
    """A right answer may make a tensor of p or of a temperature: float32 by default."""
    right = torch.linspace(-3, 3, 7, dtype=torch.float64) / 0.19
    trial().close(right * (1 + 5e-7), right)
    with pytest.raises(CheckFailed):
        trial().close(right * (1 + 1e-3), right)


def test_mistakes_that_coincide_with_the_right_value_are_skipped():
    with pytest.raises(CheckFailed) as caught:
        trial().close(2.0, 1.0, mistakes={"id": 1.0})
    assert caught.value.mistake is None


def test_shape_of_a_mistake_is_recognised():
    with pytest.raises(CheckFailed) as caught:
        trial().close(torch.ones(3), torch.ones(2), mistakes={"id": torch.ones(3)})
    assert caught.value.mistake == "id"


def test_raises():
    t = trial()

    def picky(x):
        if x < 0:
            raise ValueError("negative")
        return x

    t.raises(ValueError, picky, -1.0)
    with pytest.raises(CheckFailed, match="no error"):
        t.raises(ValueError, picky, 1.0)
    with pytest.raises(CheckFailed, match="ZeroDivisionError"):
        t.raises(ValueError, lambda x: 1 / 0, 1.0)


def test_errors_map_to_mistakes():
    with pytest.raises(CheckFailed) as caught:
        trial().call(lambda: {}["a"], errors={"LookupError": "id"})
    assert caught.value.mistake == "id"


class TestFraction:
    def test_fair_coins_pass_and_biased_ones_do_not(self):
        t = trial()
        for seed in range(300):
            generator = torch.Generator().manual_seed(seed)
            hits = (torch.rand(400, generator=generator) < 0.3).sum()
            t.fraction(hits, 400, 0.3, what="zeros")
        with pytest.raises(CheckFailed) as caught:
            t.fraction(280, 400, 0.3, what="zeros", mistakes={"id": 0.7})
        assert caught.value.mistake == "id"

    @pytest.mark.parametrize("p", [0.0, 1.0])
    def test_certain_coins(self, p):
        trial().fraction(100 * p, 100, p, what="zeros")
        with pytest.raises(CheckFailed):
            trial().fraction(50, 100, p, what="zeros")

    def test_false_alarm_bound_holds_exactly(self):
        """Sum the binomial probabilities of all rejected counts."""
        from scipy.stats import binom

        from helpers.checks.vocabulary.trial import FALSE_ALARM, _plausible

        for n, p in [(50, 0.5), (200, 0.1), (1000, 0.3), (20, 0.01)]:
            rejected = [k for k in range(n + 1) if not _plausible(k, n, p)]
            assert binom.pmf(rejected, n, p).sum() <= FALSE_ALARM


class TestDraws:
    def check(self, draw, **kwargs):
        with torch.random.fork_rng():
            trial().draws(draw, case="noise(…)", **kwargs)

    def test_right(self):
        self.check(lambda generator: torch.rand(20, generator=generator))

    def test_right_with_a_tuple_of_results(self):
        self.check(lambda g: (torch.rand(20, generator=g), torch.ones(1)))

    def test_ignores_the_generator(self):
        with pytest.raises(CheckFailed, match=r"although it was\s+given one"):
            self.check(lambda generator: torch.rand(20))

    def test_reseeds(self):
        def draw(generator):
            if generator is not None:
                generator.manual_seed(0)
            return torch.rand(20, generator=generator)

        with pytest.raises(CheckFailed, match="two calls in a row") as caught:
            self.check(draw, repeated="id")
        assert caught.value.mistake == "id"

    def test_own_generator(self):
        own = torch.Generator().manual_seed(3)
        with pytest.raises(CheckFailed, match="two different results"):
            self.check(lambda generator: torch.rand(20, generator=own))

    def test_reseeds_the_global_generator(self):
        def draw(generator):
            if generator is None:
                torch.manual_seed(0)
            return torch.rand(20, generator=generator)

        with pytest.raises(CheckFailed, match="two calls in a row"):
            self.check(draw)

    def test_own_generator_when_none_is_given(self):
        own = torch.Generator().manual_seed(3)
        with pytest.raises(CheckFailed, match=r"same\s+torch.manual_seed"):
            self.check(lambda g: torch.rand(20, generator=g or own))


class TestWatch:
    @pytest.mark.parametrize(
        "use",
        [
            lambda x: F.dropout(x, 0.5),
            lambda x: nn.Dropout(0.5)(x),
            lambda x: torch.dropout(x, 0.5, True),
            lambda x: torch.native_dropout(x, 0.5, True),
            lambda x: torch.ops.aten.native_dropout(x, 0.5, True),
            lambda x: torch.ops.aten.native_dropout.default(x, 0.5, True),
            lambda x: torch.ops.aten.feature_dropout(x.reshape(1, 8), 0.5, True),
            lambda x: F.dropout2d(x.reshape(1, 1, 1, 8), 0.5),
            lambda x: nn.AlphaDropout(0.5)(x),
        ],
    )
    def test_sees_torchs_own(self, use):
        with Watch("dropout") as watch:
            use(torch.ones(8))
        assert watch.seen

    def test_does_not_mind_the_learners_own_names(self):
        def dropout(x):
            return x * torch.bernoulli(torch.full_like(x, 0.5))

        with Watch("dropout") as watch:
            dropout(torch.ones(8))
        assert watch.seen == []

    def test_check_says_so(self):
        t = trial(from_scratch="dropout")
        with pytest.raises(CheckFailed, match="the very thing"):
            t.call(lambda x: F.dropout(x, 0.5), torch.ones(2))


class TestLook:
    def test_not_attempted(self, capsys):
        def stub():
            raise NotImplementedError

        look(stub, torch.ones(2))
        assert "Not attempted yet" in capsys.readouterr().out

    def test_error(self, capsys):
        look(lambda: 1 / 0)
        assert "ZeroDivisionError" in capsys.readouterr().out

    def test_beside_the_target(self, capsys):
        look(lambda: torch.tensor([1.0, 2.5]), torch.tensor([1.0, 2.0]))
        assert capsys.readouterr().out == "yours:  [1, 2.5]\ntarget: [1, 2]\n"

    def test_draw(self):
        seen = []
        look(lambda: 1, 2, draw=lambda yours, target: seen.append((yours, target)))
        assert seen == [(1, 2)]


def test_load_names_the_notebooks_there_are():
    with pytest.raises(ValueError, match="Expected one of"):
        checks.load("99_nothing")


def test_load_is_fresh_each_time():
    for stem in checks.available():
        assert checks.load(stem) is not checks.load(stem)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (torch.tensor([1.0, 2.0]), "[1, 2]"),
        (torch.tensor([1.0], dtype=torch.float64), "[1] (float64)"),
        (torch.tensor(2.5), "a 0-dim tensor 2.5"),
        (torch.zeros(4, 5), "a float32 tensor of shape (4, 5)"),
        (torch.zeros(2, 3).to_sparse(), "a sparse float32 tensor of shape (2, 3)"),
        (0.1, "0.1"),
        ((1, 2.0), "(1, 2)"),
        ([torch.tensor([True])], "[[True] (bool)]"),
        ("x" * 90, "'" + "x" * 58 + "…"),
    ],
)
def test_describe(value, text):
    assert describe(value) == text


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
@pytest.mark.parametrize(
    "odd", [torch.Tensor.to_sparse, lambda x: torch.nested.nested_tensor([x])]
)
def test_tensors_that_are_not_dense_are_refused_in_words(odd):
    value = odd(torch.ones(3))
    kind = "nested" if value.is_nested else "sparse"
    assert describe(value).startswith(f"a {kind} float32 tensor")
    error = failure(lambda x: odd(2 * x))
    assert "no ordinary tensor" in str(error)
    assert "a dense tensor" in str(error)


def test_describe_survives_a_broken_repr():
    class Broken:
        def __repr__(self):
            raise RuntimeError

    assert describe(Broken()) == "an object of type Broken"


@exercise("9.8", mistakes={}, asks=("plus", "minus"))
def plus(first, second, t):
    t.part("both")
    t.close(t.call(first, 1.0), 2.0)
    t.close(t.call(second, 1.0), 0.0)


def test_check_that_asks_for_two_answers(capsys):
    plus(lambda x: x + 1, lambda x: x - 1)
    assert (
        capsys.readouterr().out
        == "✓ Exercise 9.8 · plus: visible checks passed (both).\n"
    )
    assert plus.asks == ("plus", "minus")
    assert double.asks == ("double",)
    with pytest.raises(CheckFailed, match="`minus` is not a function"):
        plus(lambda x: x + 1, 3)
    with pytest.raises(TypeError, match=r"check\.plus\(plus, minus\), got 1"):
        plus(lambda x: x + 1)


class _Agreeable(str):
    __hash__ = str.__hash__

    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False


class _Lying(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        return torch.tensor(True)


class _Disguised:
    __class__ = torch.Tensor
    shape, dtype, device = torch.Size([3]), torch.float32, torch.device("cpu")

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        return True


@pytest.mark.parametrize(
    "value", [_Agreeable("a"), torch.ones(3).as_subclass(_Lying), _Disguised()]
)
def test_a_value_that_decides_what_it_equals_is_refused(value):
    t = Trial("Exercise 0.0 · f", "f", mistakes={})
    for result in (value, (1, value)):
        with pytest.raises(CheckFailed, match="stands in for a plain value"):
            t.call(lambda r=result: r)


@pytest.mark.parametrize(
    "value",
    [
        torch.ones(2),
        torch.nn.Parameter(torch.ones(2)),
        np.float64(1.0),
        np.ones(2),
        True,
        "text",
        (1, 2.0),
        Fraction(1, 2),
        OrderedDict(a=1),
        None,
    ],
)
def test_plain_values_are_left_alone(value):
    t = Trial("Exercise 0.0 · f", "f", mistakes={})
    assert t.call(lambda: value) is value


def with_attribute(x, name, value):
    setattr(x, name, value)
    return x


@pytest.mark.parametrize("name", ["detach", "clone", "to", "__eq__"])
def test_a_tensor_whose_methods_were_replaced_is_refused(name):
    error = failure(lambda x: with_attribute(2 * x, name, lambda *a, **k: x))
    assert f"the result has a {name} of its own" in error.problem


def test_replacing_methods_of_the_argument_is_refused():
    error = failure(lambda x: 2 * with_attribute(x, "detach", lambda: None))
    assert "your code sets the attribute detach of its argument" in error.problem


def test_other_attributes_are_left_alone():
    double(lambda x: with_attribute(2 * x, "note", "mine"))


@pytest.mark.parametrize("stem", checks.available())
def test_every_check_says_what_it_checks(stem):
    for name, check in vars(checks.load(stem)).items():
        if hasattr(check, "mistakes"):
            assert check.__doc__.startswith(f"Check {check.number}: "), name
            assert check.__doc__.endswith("."), name


def test_calls_are_one_use_with_a_result_for_each():
    t = trial()
    x = torch.ones(3)
    out = t.calls(5, lambda x: x * torch.rand(3), x)
    assert len(out) == 5
    assert len(torch.unique(torch.stack(out), dim=0)) == 5


def test_calls_refuse_what_a_call_refuses():
    t = trial()
    with pytest.raises(CheckFailed, match="in place"):
        t.calls(3, lambda x: x.mul_(2), torch.ones(3))
    with pytest.raises(CheckFailed, match="raised an error"):
        t.calls(3, lambda x: x.nothing, torch.ones(3))
    with pytest.raises(CheckFailed, match="class of your own"):
        t.calls(30, lambda x: type("Own", (torch.Tensor,), {})(x), torch.ones(3))
