"""The parts of baselines: the registry, terms, and what a number says about a choice."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from recrm_tasks.baselines import baselines
from recrm_tasks.baselines.calibration import Calibration
from recrm_tasks.baselines.terms import terms
from recrm_tasks.dimensions import dimensions


def test_the_registry() -> None:
    assert {"majority", "length", "overlap", "tfidf", "popularity"} <= set(baselines())
    for name, one in baselines().items():
        assert one.name == name
        assert one.question
        assert any(one.applies(dimension) for dimension in dimensions().values()), name
    for dimension in dimensions().values():
        assert sum(one.applies(dimension) for one in baselines().values()) >= 2, dimension.key


@pytest.mark.slow
def test_no_harness_no_torch_and_without_a_baseline_no_scikit_learn() -> None:
    code = (
        "import sys, recrm_tasks.baselines, recrm_tasks.baselines.result; before = set(sys.modules); "
        "from recrm_tasks.baselines import evaluate; "
        "assert 'sklearn' not in before, 'sklearn'; "
        "found = {'torch', 'lm_eval', 'inspect_ai'} & set(sys.modules); assert not found, found; "
        "assert not [m for m in sys.modules if m.startswith(('recrm_tasks.reports', 'recrm_tasks.prompting'))]"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A bowl of Soup, 12.5", ("a", "bowl", "of", "soup", "12", "5")),
        ("酸菜鱼38元", ("酸菜", "菜鱼", "38", "元")),
        ("Cafe店_里", ("cafe", "店", "里")),
        ("… !", ()),
    ],
)
def test_terms(text: str, found: tuple[str, ...]) -> None:
    assert terms(text) == found


@given(st.text())
def test_terms_of_any_text(text: str) -> None:
    assert all(re.fullmatch(r"[\u3400-\u9fff]{1,2}|[^\W_\u3400-\u9fff]+", term) for term in terms(text))


NUMBERS = st.floats(-20, 20)


@given(st.data(), st.integers(2, 5))
def test_probabilities_of_choices(data: st.DataObject, choices: int) -> None:
    """They sum to 1, one choice is the most probable one, and of two choices the order follows the number."""
    learned = data.draw(st.lists(st.tuples(NUMBERS, st.integers(0, choices - 1)), min_size=1, max_size=30))
    numbers, right = np.array([x for x, _ in learned]), [place for _, place in learned]
    calibration = Calibration(numbers, [place == 0 for place in right], right)
    asked = np.array(data.draw(st.lists(NUMBERS, min_size=1, max_size=10)))
    logprobs = calibration.logprobs(asked, choices)
    assert logprobs.shape == (len(asked), choices)
    assert np.exp(logprobs).sum(axis=1) == pytest.approx(1.0, abs=1e-6)
    assert {place for place in range(choices) if np.isfinite(logprobs[:, place]).any()} <= set(right)
    assert all((row == row.max()).sum() == 1 for row in logprobs)
    if len(set(right)) == 2:
        first = np.exp(logprobs[np.argsort(asked), min(set(right))])
        steps = [later - earlier for earlier, later in pairwise(first)]
        assert all(step >= -1e-6 for step in steps) or all(step <= 1e-6 for step in steps)


@settings(deadline=None)
@given(st.lists(st.tuples(NUMBERS, st.booleans()), min_size=1, max_size=30))
# Half of the pairs each way, for which scikit-learn computes 0.49999999999999994.
@example(
    [
        (-9.3, True),
        (-9.3, True),
        (-9.3, False),
        (-13.3, False),
        (-1e-306, True),
        (-1e-69, False),
        (-7, False),
        (-1e-306, False),
    ]
)
def test_the_direction_is_the_train_splits(learned: list[tuple[float, bool]]) -> None:
    numbers, positive = np.array([x for x, _ in learned]), [yes for _, yes in learned]
    right = [int(not yes) for yes in positive]
    assert Calibration(numbers, positive, right, directed=True).sign == 1.0
    wins = [np.sign(a - b) for a, yes in learned if yes for b, other in learned if not other]
    assert Calibration(numbers, positive, right, directed=False).sign == (-1.0 if sum(wins) < 0 else 1.0)
