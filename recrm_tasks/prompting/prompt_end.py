"""The end of a rendered prompt: whether the model would begin within thinking, and how that is closed."""

from __future__ import annotations

from recrm_tasks.answers.prompt import Mode
from recrm_tasks.answers.thinking import closing_of
from recrm_tasks.errors import RecrmError
from recrm_tasks.prompting.options import Options

CLOSING_TOKENS = 16
"""Room for the text that closes thinking."""
TAIL = 64
"""Characters at the end of a prompt that show how it ends, and decide how an answer after it is tokenized; far more
than a token has."""


def after_last_turn(rendered: str, last: str) -> str:
    """What the chat template wrote after the last turn.

    Args:
        rendered: the whole prompt.
        last: the text of the last turn.

    Returns:
        The text; if the template changed the turn, the last characters of the prompt.
    """
    _, found, end = rendered.rpartition(last.strip())
    return end if found else rendered[-TAIL:]


def closing_for(opened: str | None, mode: Mode, options: Options, thinks_first: bool = False) -> str:
    """What is added to a prompt, by the run's options; usually nothing.

    Args:
        opened: what the prompt leaves open, as `thinking.left_open` returns it.
        mode: how the answer is read.
        options: the run's.
        thinks_first: the harness lets the model finish thinking before it reads log-probabilities.

    Raises:
        RecrmError: log-probabilities would be those of letters within thinking; or nothing is open that could be
            closed.
    """
    if options.close_thinking:
        if opened is None:
            raise RecrmError(
                "close_thinking (lm-eval: recrm_close_thinking) has nothing to close: the prompt does not end within "
                "thinking. Leave it out; lm-eval also needs --apply_chat_template, without which no chat template is "
                "used"
            )
        return closing_of(opened, options.thinking_marks)
    if opened is not None and mode == "logprob" and not thinks_first:
        raise RecrmError(
            f"{within_thinking(opened)}. Switch thinking off, if the chat template can (enable_thinking=false: -M for "
            "Inspect's hf/, -T for servers, --model_args in lm-eval); or add close_thinking=true (lm-eval: "
            "recrm_close_thinking), which "
            f"adds {closing_of(opened, options.thinking_marks)!r} to the prompt; or use generated answers. In Inspect "
            "the model can also finish thinking first: thinking=tokens"
        )
    return ""


def within_thinking(opened: str) -> str:
    """What is wrong with log-probabilities after such a prompt."""
    return f"the prompt ends with {opened} open, so the log-probabilities would be those of letters within thinking"


def described(opened: str | None, closing: str) -> str | None:
    """The entry of the provenance: what the prompts leave open, or what closes it; None if nothing is open."""
    if opened is None:
        return None
    return f"{opened} closed with {closing!r}" if closing else f"{opened} open"
