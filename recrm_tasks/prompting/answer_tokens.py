"""Which token stands for each allowed answer: the one that lm-eval scores.

lm-eval tokenizes the prompt together with the answer and scores what the answer adds. After a chat template the answer
follows at once (`A`); a prompt that is passed on as plain text gets a space before it (` A`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from recrm_tasks.answers.alternatives import SPACES
from recrm_tasks.prompting.prompt_end import TAIL

END = 8
"""Characters at the end of a message by which it is recognised at the end of a prompt. Few, so that all records of a
dimension end alike, and a server is asked once for all of them."""


class AnswerToken(NamedTuple):
    """The token of one allowed answer."""

    id: int
    text: str
    """As it is reported among the alternatives."""


def before_answer(rendered: str, message: str) -> str:
    """The end of a prompt, up to where the answer begins.

    Args:
        rendered: the prompt as the model gets it, or its end.
        message: its last message. If the prompt ends with it, no chat template followed.
    """
    end = message[-END:]
    if rendered.endswith(end):
        return end if end[-1].isspace() else f"{end} "
    return rendered[-TAIL:]


def token_of(choice: str, before: str, tokenizer: Any) -> AnswerToken | None:
    """The token of an allowed answer; None if the answer is not one token.

    Args:
        choice: the answer.
        before: the result of `before_answer`.
        tokenizer: one of transformers.
    """
    last = tokenizer.encode(before + choice, add_special_tokens=False)[-1]
    text = tokenizer.convert_ids_to_tokens(last)
    return AnswerToken(last, text) if text.strip(SPACES) == choice else None
