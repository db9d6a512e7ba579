"""Which token stands for which allowed answer."""

from __future__ import annotations

import pytest

from recrm_tasks.prompting.answer_tokens import AnswerToken, before_answer, token_of


@pytest.mark.parametrize(
    ("rendered", "message", "before"),
    [
        ("<user>Is it?\nAnswer:</><go>", "Is it?\nAnswer:", "<user>Is it?\nAnswer:</><go>"),
        ("<user>Is it?</>\n<assistant>\n", "Is it?", "<user>Is it?</>\n<assistant>\n"),
        # A prompt that is passed on as it is: lm-eval puts a space before the answer.
        ("Is it?\nAnswer:", "Is it?\nAnswer:", "\nAnswer: "),
        ("问题\n答案：", "问题\n答案：", "问题\n答案： "),
        ("Is it?\nAnswer: ", "Is it?\nAnswer: ", "Answer: "),
    ],
)
def test_where_an_answer_begins(rendered: str, message: str, before: str) -> None:
    assert before_answer(rendered, message) == before
    assert before_answer("x" * 1000 + rendered, message).endswith(before)
    assert len(before_answer("x" * 1000 + rendered, message)) <= 64


def test_an_answer_of_two_tokens_has_none(byte_tokenizer: str) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(byte_tokenizer)
    assert token_of("B", "<go>", tokenizer) == AnswerToken(tokenizer.convert_tokens_to_ids("B"), "B")
    assert token_of("10", "<go>", tokenizer) is None
