"""Texts with the marks of chat templates become turns."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recrm_tasks.data.formats.chat_marks import marked_turns, without_end_marks
from recrm_tasks.data.formats.turns import answers_in, is_turns, to_turns

SYSTEM, USER, ANSWER = "Be brief.\nNo lists.", "几点关门？\n\n[1] 21 点", "21 点"
FORMS = {
    "ChatML": (
        "<|im_start|>{role}\n{content}<|im_end|>\n",
        "<|im_start|>assistant\n",
        {"system": "system", "user": "user", "assistant": "assistant"},
    ),
    "Llama 3": (
        "<|start_header_id|>{role}<|end_header_id|>\n\n{content}<|eot_id|>",
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
        {"system": "system", "user": "user", "assistant": "assistant"},
    ),
    "Gemma": (
        "<start_of_turn>{role}\n{content}<end_of_turn>\n",
        "<start_of_turn>model\n",
        {"system": "system", "user": "user", "assistant": "model"},
    ),
    "Phi": (
        "<|{role}|>\n{content}<|end|>\n",
        "<|assistant|>\n",
        {"system": "system", "user": "user", "assistant": "assistant"},
    ),
}


def turns(*said):
    return [{"role": role, "content": content} for role, content in said]


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("begin", ["", "<s>", "<|begin_of_text|>"])
def test_marked_turns(name, begin):
    form, opened, roles = FORMS[name]
    said = [("system", SYSTEM), ("user", USER)]
    text = begin + "".join(form.format(role=roles[role], content=content) for role, content in said)
    answered = text + form.format(role=roles["assistant"], content=ANSWER)
    for prompt in (text, text + opened):
        rows, problems = to_turns([pa.array([prompt])])
        assert (rows.to_pylist(), problems) == ([turns(*said)], [])
    column = pa.array([answered, None])
    assert is_turns(column)
    assert to_turns([column])[0].to_pylist() == [turns(*said), None]
    assert to_turns([column], keep_last=True)[0].to_pylist() == [turns(*said, ("assistant", ANSWER)), None]
    assert answers_in(column).to_pylist() == [ANSWER, None]


def test_turns_of_llama_2():
    text = f"<s>[INST] <<SYS>>\n{SYSTEM}\n<</SYS>>\n\nHello [/INST] Hi. </s><s>[INST] {USER} [/INST]"
    rows, _ = to_turns([pa.array([text])])
    assert rows.to_pylist() == [turns(("system", SYSTEM), ("user", "Hello"), ("assistant", "Hi."), ("user", USER))]


@pytest.mark.parametrize(
    "text",
    [
        "What does <|im_start|>user\nHi<|im_end|> mean?",
        "<|im_start|>user\nHi<|im_end|> and more",
        "plain",
        "",
    ],
)
def test_texts_that_only_mention_marks_stay(text):
    assert marked_turns(text) is None
    assert not is_turns(pa.array([text]))


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["user", "assistant"]), st.text(min_size=1)), min_size=1))
def test_every_rendered_conversation_is_read_back(said):
    said = [(role, content.strip()) for role, content in said if content.strip() and "<" not in content]
    text = "".join(f"<|im_start|>{role}\n{content}<|im_end|>\n" for role, content in said)
    assert marked_turns(text) == (turns(*said) or None)


def test_answers_end_without_marks():
    answers = pa.array(["一致<|im_end|>\n", "<answer>一致</answer>", "no </s>", None])
    assert without_end_marks(answers).to_pylist() == ["一致", "<answer>一致</answer>", "no", None]
