"""A reward in words, as Markdown, for people who look at a log."""

from __future__ import annotations

from recrm_tasks.answers.explanation import of_numbers, of_text
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.rewards.reward import Asked, Reward


def explained(reward: Reward, form: str, judge: str, note: str = "") -> str:
    """The reward, a table of its parts, and what the judge said to each question.

    Args:
        reward: of one case.
        form: how its parts were combined.
        judge: its name.
        note: a sentence about the judge.
    """
    value = "no reward" if reward.value is None else f"{reward.value:.3f}"
    lines = [f"**{value}** by the form {form}, judged by {judge}. {note}".rstrip(), ""]
    if reward.error is not None:
        lines += [f"The judge did not answer: {reward.error}", ""]
    lines += ["| dimension | part | missing, or incomplete |", "|---|---|---|"]
    for key, part in reward.parts.items():
        shown = "-" if part is None else f"{part:.3f}"
        lines.append(f"| {key} | {shown} | {_cell(reward.missing.get(key, ''))} |")
    return "\n".join([*lines, "", *(f"- {one.dimension}: {_said(one)}" for one in reward.asked)]).rstrip()


def _said(asked: Asked) -> str:
    """What was read out of a reply, on one line."""
    said, kind = asked.reply.said, dimension_of(asked.dimension).kind
    if said is None:
        return asked.reason or ""
    if isinstance(said, str):
        found = of_text(kind.read(said, asked.prompt), said, asked.prompt, kind)
    else:
        found = of_numbers(kind.weigh(said, asked.prompt), said, asked.prompt, kind)
    return " ".join(found.split())


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
