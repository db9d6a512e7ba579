"""What reward models that read content are given: the user's turn and what is judged, of every dimension."""

from __future__ import annotations

from typing import Any

import pytest

from recrm_tasks.answers.prompt import Prompt
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions import dimensions
from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.dimensions.record_fields import is_list
from recrm_tasks.dimensions.rendering import render
from recrm_tasks.errors import DataError, RecrmError
from recrm_tasks.prompting import Backend, Options, load_questions


def contents(key: str, backend: Backend = Backend(), **options: Any) -> tuple[list[Prompt], dict[str, Any]]:  # noqa: B008
    run = Options(**{"data": "sample", **options})
    prompts, provenance = load_questions(key, "logprob", backend, run, reads="content")
    return list(prompts), provenance


@pytest.mark.parametrize("key", dimensions())
def test_the_judged_field_is_the_assistants_turn_and_nothing_of_it_the_users(key: str) -> None:
    dimension = dimension_of(key)
    records = {record.id: record for record in load(key, "sample").records()}
    prompts, provenance = contents(key)
    assert provenance["reads"] == "content"
    assert len(prompts) == len(records)
    assert {prompt.lang for prompt in prompts} == {"zh", "en"}
    for prompt in prompts:
        record = records[prompt.id]
        (turn,) = prompt.messages
        assert turn.role == "user"
        if is_list(dimension.record_type):
            judged = [candidate.shown for candidate in record.candidates]
            assert sorted(prompt.choices) == sorted(judged)
            shown = dict(zip(prompt.choices, prompt.gold, strict=True))  # type: ignore[arg-type]
            assert shown == dict(zip(judged, record.labels, strict=True))
        else:
            judged = [render(getattr(record, str(dimension.judged)))]
            assert list(prompt.choices) == judged
        assert not any(text in turn.content for text in judged)
        for answer in ("A.", "JSON only", "Options:", "选项："):
            assert answer not in turn.content or answer in str(record), "the benchmark's own question is not asked"


@pytest.mark.parametrize("key", dimensions())
def test_letters_are_asked_as_before(key: str) -> None:
    prompts, provenance = load_questions(key, "logprob", Backend(), Options(data="sample"))
    assert list(prompts) == list(load(key, "sample").prompts("logprob"))
    assert provenance["reads"] == "letters"
    assert "reads" not in load_questions(key, "generate", Backend(), Options(data="sample"))[1]


def test_the_users_turn_in_both_languages() -> None:
    for lang, words in (("en", "Answer from this evidence alone"), ("zh", "只根据以下依据回答")):
        for prompt in contents("factual", prompt_lang=lang)[0]:
            assert prompt.messages[0].content.startswith(words)
    for lang, words in (("en", "Recommend one item to this user."), ("zh", "请为该用户推荐一项。")):
        assert all(p.messages[0].content.endswith(words) for p in contents("behavior", prompt_lang=lang)[0])


def test_a_querys_turn_is_the_query_and_rules_come_before_it() -> None:
    relevance = {record.id: record.query for record in load("relevance", "sample").records()}
    assert all(p.messages[0].content == relevance[p.id] for p in contents("relevance")[0])
    rules = {r.id: f"{r.instruction}\n\n{r.query}" for r in load("instruction", "sample").records()}
    assert all(p.messages[0].content == rules[p.id] for p in contents("instruction")[0])


def factual(name: str, evidence: str, response: str, label: str, **more: Any) -> Any:
    fields = {
        "id": name, "dimension": "factual", "lang": "en", "source": "test", "query": name, "evidence": [evidence],
        "response": response, "label": label, **more,
    }  # fmt: skip
    return dimension_of("factual").record_type.model_validate(fields)


def prompts_of(record: Any) -> list[Prompt]:
    dimension = dimension_of(record.dimension)
    return list(dimension.contents(record, dimension.default_labels))


def test_responses_to_one_evidence_answer_one_question() -> None:
    ((one,), (other,), (third,)) = (
        prompts_of(factual(name, evidence, name, "consistent"))
        for name, evidence in (("a", "open daily"), ("b", "open daily"), ("c", "closed"))
    )
    assert one.question == other.question != third.question
    assert one.reads == "content"
    assert Prompt.from_json(one.to_json()) == one


def test_candidates_can_be_scored_one_by_one() -> None:
    whole, single = contents("ranking")[0], contents("ranking", ask="item")[0]
    assert [text for p in whole for text in sorted(p.choices)] == [
        text for p in whole for text in sorted(q.choices[0] for q in single if q.of_list == p.id)
    ]
    assert {p.question for p in whole} == {p.question for p in single}


@pytest.mark.parametrize(
    ("key", "options", "message"),
    [
        ("factual", {"fewshot": 2, "split": "hash-test"}, "with reads=content fewshot would have no effect"),
        ("ranking", {"orders": 2}, "with reads=content orders would have no effect"),
    ],
)
def test_options_without_effect_are_refused(key: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(RecrmError, match=message):
        contents(key, **options)


def test_generated_answers_have_no_contents() -> None:
    with pytest.raises(RecrmError, match="writes no text"):
        load_questions("factual", "generate", Backend(), Options(data="sample"), reads="content")


def test_ready_made_prompts_are_refused() -> None:
    record = factual("a", "x", "y", "consistent", messages=[{"role": "user", "content": "Is it so?"}])
    with pytest.raises(DataError, match=r"a: its prompt is ready-made, .* reads must be letters"):
        prompts_of(record)


def test_a_request_without_text_is_refused() -> None:
    fields = {
        "id": "a", "dimension": "relevance", "lang": "en", "source": "test", "query": " ", "item": "x",
        "label": "relevant",
    }  # fmt: skip
    with pytest.raises(DataError, match="a: there is no text for the user's turn"):
        prompts_of(dimension_of("relevance").record_type.model_validate(fields))


def test_a_dimension_without_a_request_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(dimension_of("factual")), "request", Dimension.request)
    with pytest.raises(RecrmError, match="factual: it declares no user's turn for contents"):
        contents("factual")


@pytest.mark.parametrize("key", ["factual", "ranking"])
def test_the_content_has_to_fit_too(key: str, byte_tokenizers: dict[str, str]) -> None:
    """The tokenizer's tokens are bytes; the template has `<user></>`, `<assistant></>` and, of prompts only, `<go>`."""
    prompts, _ = contents(key)
    sizes = [
        len((p.messages[0].content + choice).encode()) + len("<user></><assistant></><go>")
        for p in prompts
        for choice in p.choices
    ]
    assert contents(key, Backend(byte_tokenizers["chat"], max(sizes)))[1]["fit"]["labels_of_several_tokens"] == 0
    with pytest.raises(DataError, match=f"1 of 72 prompts do not fit: .* the longest prompt has {max(sizes)} "):
        contents(key, Backend(byte_tokenizers["chat"], max(sizes) - 1))
