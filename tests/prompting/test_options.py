"""The options as they are declared, and what their parser makes of anything that a user may write."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recrm_tasks.errors import RecrmError
from recrm_tasks.prompting.options import Options, declared, parse

NAMES = list(declared(Options))
ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.text(), max_size=2),
    st.sampled_from(["lite", "zh", "en", "chat", "completion", "stop", "shorten", "true", "False", "-1", "0", "12"]),
)  # fmt: skip


def test_every_option_is_described() -> None:
    for option in declared(Options).values():
        assert re.fullmatch(r"[A-Z`].*\.", option.help), option.name
        assert (option.unset is not None) == (option.default is None), option.name
        assert option.default is None or option.values.parse(option.default, option.name) == option.default


@pytest.mark.parametrize(
    ("given", "checked"),
    [
        ({}, {}),
        ({"data": "sample", "split": "hash-test"}, {"data": "sample", "split": "hash-test"}),
        ({"limit": "12", "seed": "-3", "orders": "2"}, {"limit": 12, "seed": -3, "orders": 2}),
        ({"limit": "lite", "context": "4096"}, {"limit": "lite", "context": 4096}),
        ({"fewshot": 0, "thinking": "0"}, {"fewshot": 0, "thinking": 0}),
        ({"lang": "zh", "prompt_lang": "en"}, {"lang": "zh", "prompt_lang": "en"}),
        ({"style": "completion"}, {"style": "completion"}),
        ({"overflow": "shorten", "tokenizer": "a/b"}, {"overflow": "shorten", "tokenizer": "a/b"}),
        (dict.fromkeys(name for name, option in declared(Options).items() if option.default is None), {}),
    ],
)  # fmt: skip
def test_values(given: dict[str, object], checked: dict[str, object]) -> None:
    parsed = parse(Options, given)
    assert parsed == Options(**checked)  # type: ignore[arg-type]
    assert all(type(getattr(parsed, name)) is type(value) for name, value in checked.items())


@pytest.mark.parametrize("prefix", ["", "-T ", "recrm_"])
@pytest.mark.parametrize(
    ("name", "value", "must_be"),
    [
        ("data", 2024, "text (in quotes, if it looks like a number), not 2024"),
        ("data", ["a", "b.jsonl"], "text (in quotes, if it looks like a number), not ['a', 'b.jsonl']"),
        ("tokenizer", "", "text (in quotes, if it looks like a number), not ''"),
        ("revision", 1234567, "text (in quotes, if it looks like a number), not 1234567"),
        ("limit", 0, "'lite' or a whole number of at least 1, not 0"),
        ("limit", "light", "'lite' or a whole number of at least 1, not 'light'"),
        ("limit", True, "'lite' or a whole number of at least 1, not True"),
        ("limit", 5.0, "'lite' or a whole number of at least 1, not 5.0"),
        ("seed", "x", "a whole number, not 'x'"),
        ("seed", None, "a whole number, not None"),
        ("orders", 0, "a whole number of at least 1, not 0"),
        ("ask", "items", "list or item, not 'items'"),
        ("fewshot", "few", "a whole number of at least 0, not 'few'"),
        ("thinking", -1, "a whole number of at least 0, not -1"),
        (
            "thinking_marks",
            "<plan>",
            "an opening and a different closing mark with ... between them, like <plan>...</plan>, not '<plan>'",
        ),
        (
            "thinking_marks",
            "<plan>...",
            "an opening and a different closing mark with ... between them, like <plan>...</plan>, not '<plan>...'",
        ),
        (
            "thinking_marks",
            "<t>...<T>",
            "an opening and a different closing mark with ... between them, like <plan>...</plan>, not '<t>...<T>'",
        ),
        ("thinking", "9" * 5000, f"a whole number of at least 0, not '{'9' * 79}…"),
        ("context", "4k", "a whole number of at least 1, not '4k'"),
        ("context", True, "a whole number of at least 1, not True"),
        ("lang", "fr", "zh or en, not 'fr'"),
        ("prompt_lang", False, "zh or en, not False"),
        ("style", "poem", "chat or completion, not 'poem'"),
        ("overflow", "drop", "stop or shorten, not 'drop'"),
    ],
)
def test_wrong_values(prefix: str, name: str, value: object, must_be: str) -> None:
    with pytest.raises(RecrmError) as stopped:
        parse(Options, {name: value}, prefix)
    assert str(stopped.value) == f"{prefix}{name} must be {must_be}"


def test_unknown_options() -> None:
    with pytest.raises(RecrmError) as stopped:
        parse(Options, {"limt": 3, "data": "sample", "colour": "red"}, "-T ")
    assert str(stopped.value) == (
        f"unknown option -T limt, -T colour: the options are {', '.join(f'-T {name}' for name in NAMES)}"
    )


@given(st.sampled_from(NAMES), ANYTHING)
def test_any_value_is_checked_or_refused(name: str, value: object) -> None:
    """What is accepted is accepted again, and hence is as the type of `Options` says."""
    try:
        parsed = parse(Options, {name: value})
    except RecrmError:
        with pytest.raises(RecrmError, match=f"^{name} must be .*, not "):
            parse(Options, {name: value})
    else:
        assert parse(Options, {name: getattr(parsed, name)}) == parsed
