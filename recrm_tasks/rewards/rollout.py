"""The turns of an agent's run -> what they say of its case."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from recrm_tasks.dimensions.rendering import Text
from recrm_tasks.rewards.agent_turn import listed_in
from recrm_tasks.rewards.case import distinct


class Turn(NamedTuple):
    """One turn."""

    role: str
    """`system` or `developer`, `user`, `assistant`, or `tool`: what a tool returned."""
    text: str


_RULES = ("system", "developer")


def fields_of_turns(given: Sequence[Turn], run: Sequence[Turn]) -> dict[str, Any]:
    """Fields of a case.

    Args:
        given: the turns that the agent was given.
        run: the turns that followed.

    Returns:
        `instruction`: the first turn of the system; `query`: the last one of the user; `evidence`: what the tools
        returned, each once. Those that there are.
    """
    found = {
        "instruction": next((turn.text for turn in given if turn.role in _RULES), None),
        "query": next((turn.text for turn in reversed(given) if turn.role == "user"), None),
        "evidence": distinct(entry for turn in run if turn.role == "tool" for entry in entries_of(turn.text)),
    }
    return {name: value for name, value in found.items() if value}


def entries_of(result: str) -> list[Text]:
    """What a tool returned: the entries of a JSON list, see `listed_in`, or the text; nothing if that is empty."""
    listed = listed_in(result)
    entries = [result] if listed is None else listed
    return [entry for entry in entries if (entry.strip() if isinstance(entry, str) else entry)]
