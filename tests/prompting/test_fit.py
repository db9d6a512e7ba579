"""Prompts that do not fit are reported before the run, or shortened by the documented rule and counted."""

from __future__ import annotations

import pytest

from recrm_tasks.answers.prompt import ANSWER_TOKENS, Message
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimension, dimensions
from recrm_tasks.errors import DataError, RecrmError
from recrm_tasks.prompting import Backend, Options, load_questions
from recrm_tasks.prompting.tokens import Tokens, context_of

TEMPLATE = len("<user></><go>")


def size(prompt) -> int:
    """Tokens of a prompt: its bytes, and those of the chat template."""
    return len(prompt.messages[-1].content.encode()) + TEMPLATE


def asked(key, backend, mode="generate", **options):
    prompts, provenance = load_questions(key, mode, backend, Options(data="sample", **options))
    return list(prompts), provenance


def test_a_byte_is_a_token(byte_tokenizers):
    for name, more in (("chat", TEMPLATE), ("plain", 0)):
        tokens = Tokens(byte_tokenizers[name])
        assert tokens.has_chat_template == (name == "chat")
        assert tokens.count([Message(role="user", content="héllo 中")]) == len("héllo 中".encode()) + more
        assert len(tokens.of_text("A")) == 1
    assert context_of(byte_tokenizers["chat"]) == 100_000


@pytest.mark.parametrize("key", dimensions())
@pytest.mark.parametrize("mode", ["generate", "logprob"])
def test_what_does_not_fit_is_counted_to_the_token(key, mode, byte_tokenizers):
    answer = ANSWER_TOKENS if mode == "generate" else 1
    sizes = sorted((size(p), p.id) for p in load(key, "sample").prompts(mode))
    median = sizes[len(sizes) // 2][0]
    over = [s for s, _ in sizes if s > median]
    backend = Backend(byte_tokenizers["chat"], median + answer)
    with pytest.raises(DataError) as stopped:
        asked(key, backend, mode)
    told = str(stopped.value)
    assert f"{len(over)} of 72 prompts do not fit" in told
    assert f"{median + answer} tokens, {answer} of them for the answer" in told
    assert f"the longest prompt has {sizes[-1][0]}" in told
    assert any(f"record {name})" in told for s, name in sizes if s == sizes[-1][0])
    assert "overflow=shorten" in told
    prompts, provenance = asked(key, Backend(byte_tokenizers["chat"], sizes[-1][0] + answer), mode)
    assert provenance["fit"]["shortened"] == 0
    assert prompts == list(load(key, "sample").prompts(mode))


@pytest.mark.parametrize("key", ["behavior", "ranking"])
def test_shortening_is_the_least_that_fits(key, byte_tokenizers):
    dim, data = dimension(key), load(key, "sample")
    whole = {r.id: r for r in data.records()}
    sizes = {p.id: size(p) for p in data.prompts("generate")}
    least = max(size(dim.prompt(dim.shorter(r, dim.steps(r)), None, "generate")) for r in whole.values())
    room = (least + max(sizes.values())) // 2
    prompts, provenance = asked(
        key, Backend(byte_tokenizers["chat"], room + ANSWER_TOKENS), overflow="shorten", orders=1
    )
    assert [p.id for p in prompts] == [p.id for p in data.prompts("generate")]
    history = candidates = shortened = 0
    for prompt in prompts:
        record = whole[prompt.id]
        assert size(prompt) <= room
        if sizes[prompt.id] <= room:
            assert prompt == dim.prompt(record, None, "generate")
            continue
        shortened += 1
        steps = next(
            n for n in range(dim.steps(record) + 1)
            if size(dim.prompt(dim.shorter(record, n), None, "generate")) <= room
        )  # fmt: skip
        shorter = dim.shorter(record, steps)
        assert prompt == dim.prompt(shorter, None, "generate")
        history += len(record.history) - len(shorter.history)
        if key == "ranking":
            candidates += len(record.candidates) - len(shorter.candidates)
    assert shortened > 0
    assert provenance["fit"] == {
        "tokenizer": byte_tokenizers["chat"],
        "context": room + ANSWER_TOKENS,
        "answer_tokens": ANSWER_TOKENS,
        "shortened": shortened,
        "history_dropped": history,
        "candidates_dropped": candidates,
        "labels_of_several_tokens": 0,
    }


def test_what_cannot_be_shortened_enough_is_reported(byte_tokenizers):
    with pytest.raises(DataError, match="cannot be shortened further"):
        asked("behavior", Backend(byte_tokenizers["chat"], 400), overflow="shorten")
    with pytest.raises(DataError, match="of 72 prompts do not fit"):
        asked("factual", Backend(byte_tokenizers["chat"], 400), overflow="shorten")


@pytest.mark.parametrize("key", ["behavior", "ranking"])
def test_the_oldest_goes_first_then_candidates_from_the_far_end(key):
    dim = dimension(key)
    for record in load(key, "sample").records():
        before = record
        for n in range(1, dim.steps(record) + 1):
            now = dim.shorter(record, n)
            assert now.history == record.history[n:]
            if n > len(record.history):
                prompts = [dim.prompt(r, None, "logprob") for r in (before, now)]
                gone = {c.id for c in before.candidates} - {c.id for c in now.candidates}
                assert len(gone) == 1
                assert len(prompts[1].choices) == len(prompts[0].choices) - 1
                assert max(now.labels) > 0 == min(now.labels)
                grades = {c.id: g for c, g in zip(record.candidates, record.labels, strict=True)}
                assert [grades[c.id] for c in now.candidates] == now.labels
            before = now
        assert before.history == []
        assert key == "behavior" or len(before.candidates) == 2
        assert record.model_validate(before.model_dump())


def test_the_last_candidates_shown_go_unless_they_are_the_only_ones_of_their_kind():
    dim = dimension("ranking")
    for record in load("ranking", "sample").records():
        shown = dim.prompt(record, None, "logprob").gold
        short = dim.prompt(dim.shorter(record, len(record.history) + 1), None, "logprob").gold
        last_alone = [g > 0 for g in shown].count(shown[-1] > 0) == 1
        if not last_alone:
            assert short == shown[:-1]
        else:
            assert short == (*shown[:-2], shown[-1])


def test_room_to_think_counts(byte_tokenizers):
    longest = max(size(p) for p in load("factual", "sample").prompts("generate"))
    backend = Backend(byte_tokenizers["chat"], longest + ANSWER_TOKENS + 99)
    assert asked("factual", backend, thinking=99)[1]["fit"]["answer_tokens"] == ANSWER_TOKENS + 99
    with pytest.raises(DataError, match="do not fit"):
        asked("factual", backend, thinking=100)


def test_the_context_is_the_users_then_the_backends_then_the_configs(byte_tokenizers):
    folder = byte_tokenizers["plain"]
    assert asked("factual", Backend(folder))[1]["fit"]["context"] == 100_000
    assert asked("factual", Backend(folder, 50_000))[1]["fit"]["context"] == 50_000
    assert asked("factual", Backend(folder, 50_000), context=40_000)[1]["fit"]["context"] == 40_000
    other = asked("factual", Backend("a-name/that-is-nowhere"), tokenizer=folder)[1]["fit"]
    assert (other["tokenizer"], other["context"]) == (folder, 100_000)


def test_without_a_tokenizer_nothing_is_checked_and_that_is_said():
    assert asked("factual", Backend())[1]["fit"] == "not checked: the model's tokenizer is not known"
    assert "no tokenizer at 'nobody/nothing'" in asked("factual", Backend("nobody/nothing"))[1]["fit"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"overflow": "shorten"}, "tokenizer is not known. Give both"),
        ({"context": 4096}, "tokenizer is not known. Give both"),
        ({"tokenizer": "nobody/nothing"}, "no tokenizer at 'nobody/nothing'"),
    ],
)
def test_what_the_check_needs_is_asked_for(options, told):
    with pytest.raises(RecrmError, match=told):
        asked("behavior", Backend(), **options)


def test_a_context_smaller_than_the_answer(byte_tokenizers):
    with pytest.raises(RecrmError, match="a context of 256 tokens has no room for an answer of 256"):
        asked("behavior", Backend(byte_tokenizers["chat"], 256))


def test_labels_that_are_several_tokens_are_counted(byte_tokenizers):
    """To the plain tokenizer a letter behind a space is two bytes, hence two tokens."""
    assert asked("factual", Backend(byte_tokenizers["plain"]), "logprob")[1]["fit"]["labels_of_several_tokens"] == 72
    assert asked("factual", Backend(byte_tokenizers["chat"]), "logprob")[1]["fit"]["labels_of_several_tokens"] == 0
