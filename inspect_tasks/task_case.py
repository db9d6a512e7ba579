"""The final state of anyone's task -> the case that a judge is asked about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from inspect_ai.model import ChatMessageAssistant, ChatMessageTool, ChatMessageUser
from inspect_ai.solver import TaskState

from recrm_tasks.dimensions.rendering import Text
from recrm_tasks.errors import DataError, RecrmError
from recrm_tasks.rewards.agent_turn import READINGS, Reading, fields_of
from recrm_tasks.rewards.case import Case, distinct
from recrm_tasks.rewards.columns import CASE, case_of, fields
from recrm_tasks.rewards.named_items import named_items
from recrm_tasks.rewards.rollout import Turn, entries_of, fields_of_turns

FIELDS = ("lang", "instruction", "query", "evidence", "candidates", "profile", "history", "context", "more")
"""Fields of a case that a sample's metadata may have, by the same name."""


def rules(state: TaskState) -> str | None:
    """The first turn of the system."""
    return _of_turns(state).get("instruction")


def query(state: TaskState) -> str | None:
    """The last turn of the user in the sample's input."""
    return _of_turns(state).get("query")


def evidence(state: TaskState) -> Sequence[Text] | None:
    """What the tools returned, without their errors: the entries of a result that is a JSON list, else its text."""
    return _of_turns(state).get("evidence")


def candidates(state: TaskState) -> Sequence[Text] | None:
    """The entries of all results of tools that are JSON lists; None if none is."""
    listed = [entries for turn in _returned(state) if (entries := entries_of(turn.text)) != [turn.text]]
    return distinct(chain.from_iterable(listed)) or None


def response(state: TaskState) -> str | None:
    """The last turn of the assistant; None if it calls tools: an agent that was stopped there has not answered."""
    said = next((turn for turn in reversed(state.messages) if isinstance(turn, ChatMessageAssistant)), None)
    return None if said is None or said.tool_calls else said.text


@dataclass(frozen=True)
class Extractors:
    """How the fields of a case are found in a state. What a sample's metadata has comes from there.

    Args:
        rules: the rules that the agent was given.
        query: what the user asked for.
        evidence: what the agent retrieved.
        candidates: what it could have recommended.
        response: what it said at the end; None or an empty text if it did not answer.
        completion: what that text is; see `Reading`.
        fields: the key in the sample's metadata of each field of the case that may be there.
        taken: the key of what the user took.

    Raises:
        RecrmError: one of these has another form.
    """

    rules: Callable[[TaskState], str | None] = rules
    query: Callable[[TaskState], str | None] = query
    evidence: Callable[[TaskState], Sequence[Text] | None] = evidence
    candidates: Callable[[TaskState], Sequence[Text] | None] = candidates
    response: Callable[[TaskState], str | None] = response
    completion: Reading = named_items
    fields: Mapping[str, str] | None = None
    taken: str = "taken"

    def __post_init__(self) -> None:
        for name in ("rules", "query", "evidence", "candidates", "response"):
            if not callable(getattr(self, name)):
                raise RecrmError(f"{name} must be a function of the state, not {getattr(self, name)!r}")
        if self.completion not in READINGS and not callable(self.completion):
            raise RecrmError(f"completion must be {', '.join(READINGS)} or a function, not {self.completion!r}")
        if unknown := [name for name in self.fields or {} if name not in Case.model_fields]:
            raise RecrmError(f"fields: a case has no field {unknown[0]!r}, only {', '.join(Case.model_fields)}")

    def given(self, state: TaskState) -> dict[str, Any]:
        """The fields of the case that do not come from the agent's answer.

        Raises:
            DataError: the metadata has something that cannot be such a field.
        """
        metadata, where = state.metadata or {}, f"sample {state.sample_id}, metadata"
        keys = self.fields if self.fields is not None else dict(zip(FIELDS, FIELDS, strict=True))
        if self.fields is None and isinstance(metadata.get(CASE), Mapping):
            known = fields(metadata[CASE], f"{where}, {CASE}")
        else:
            known = fields({name: metadata[key] for name, key in keys.items() if key in metadata}, where)
        found = {
            "instruction": self.rules,
            "query": self.query,
            "evidence": self.evidence,
            "candidates": self.candidates,
        }
        extracted = {name: of(state) for name, of in found.items() if name not in known}
        return {"id": str(state.sample_id), **{k: v for k, v in extracted.items() if v is not None}, **known}

    def case(self, state: TaskState, given: Mapping[str, Any]) -> Case | None:
        """The case; None if the agent gave no answer.

        Raises:
            DataError: what an extractor found, or the metadata has, cannot be a field of a case.
        """
        said = self.response(state)
        try:
            agents = fields_of(said or "", self.completion, given)
        except DataError as error:
            raise DataError(f"sample {state.sample_id}: {error}") from None
        return None if agents is None else case_of(given, agents, f"sample {state.sample_id}")


def _of_turns(state: TaskState) -> dict[str, Any]:
    rules = [Turn(turn.role, turn.text) for turn in state.messages if turn.role == "system"]
    # As the sample has it: solvers put templates around it, and urge agents on in the user's name.
    asked = state.input if isinstance(state.input, list) else [ChatMessageUser(content=state.input)]
    return fields_of_turns([*rules, *(Turn(turn.role, turn.text) for turn in asked)], _returned(state))


def _returned(state: TaskState) -> list[Turn]:
    results = [turn for turn in state.messages if isinstance(turn, ChatMessageTool) and turn.error is None]
    return [Turn("tool", turn.text) for turn in results]
