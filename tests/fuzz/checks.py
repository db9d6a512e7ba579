"""What must hold for every input, however broken. Each check raises an error with what does not hold."""

from __future__ import annotations

import contextlib
import io
import math
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mangled_files import Broken
from mangled_texts import Token

from recrm_tasks.answers.prompt import Prompt
from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.data.mapping.plan import plan
from recrm_tasks.data.prepare import prepare
from recrm_tasks.data.profile import profile
from recrm_tasks.data.sources.origin import origin_of
from recrm_tasks.dimensions import dimension
from recrm_tasks.errors import DataError, HarnessError, RecrmError
from recrm_tasks.scoring.outcomes import Answer, Outcome, Reason

SECONDS = 1.0
REASONS = {reason.value for reason in Reason}


def timed(work: Callable[[], Any], limit: float = SECONDS) -> Any:
    """What the work returns.

    Raises:
        AssertionError: it took longer, of this process's time: other programs do not count. A first time that is too
            long may be a page of memory or a collection of garbage, so it is tried again.
    """
    seconds = math.inf
    for _ in range(2):
        start = time.process_time()
        found = work()
        seconds = min(seconds, time.process_time() - start)
        if seconds <= limit:
            return found
    raise AssertionError(f"it took {seconds:.1f} s")


def read_answer(key: str, prompt: Prompt, completion: object) -> Outcome:
    """Reads one completion."""
    return _outcome(key, prompt, timed(lambda: dimension(key).kind.read(completion, prompt)))


def weigh(key: str, prompt: Prompt, logprobs: list[float]) -> Outcome | None:
    """Reads log-probabilities; None if they are such as no model returns, which is an error of the harness."""
    impossible = len(logprobs) != len(prompt.choices) or any(math.isnan(x) or x == math.inf for x in logprobs)
    try:
        answer = dimension(key).kind.weigh(logprobs, prompt)
    except HarnessError:
        assert impossible, "refused"
        return None
    assert not impossible, "not refused"
    return _outcome(key, prompt, answer)


def weigh_tokens(key: str, prompt: Prompt, reported: Sequence[Token]) -> Outcome:
    """Reads what a server reports in log-probability mode, as Inspect hands it on; no tokens are an error of it."""
    from inspect_ai.model import ChatCompletionChoice, ChatMessageAssistant, Logprob, Logprobs, ModelOutput, TopLogprob

    from inspect_tasks.logprobs import choice_logprobs

    content = [
        Logprob(token=token, logprob=value, top_logprobs=[TopLogprob(token=t, logprob=p) for t, p in top])
        for token, value, top in reported
    ]
    text = "".join(token for token, _, _ in reported)
    choice = ChatCompletionChoice(message=ChatMessageAssistant(content=text), logprobs=Logprobs(content=content))
    output = ModelOutput(model="fuzz", choices=[choice])
    try:
        found = timed(lambda: choice_logprobs(output, prompt.choices))
    except HarnessError:
        assert not reported, "refused"
        return _outcome(key, prompt, Answer.invalid(Reason.EMPTY))
    answer = Answer.invalid(found) if isinstance(found, Reason) else dimension(key).kind.weigh(found, prompt)
    return _outcome(key, prompt, answer)


def _outcome(key: str, prompt: Prompt, answer: Answer) -> Outcome:
    assert isinstance(answer, Answer), answer
    value, reason = answer
    assert (value is None) != (reason is None), answer
    if reason is not None:
        assert reason in REASONS, answer
    elif isinstance(value, tuple):
        assert len(value) == len(prompt.choices), answer
        assert all(math.isfinite(x) for x in value), answer
    elif prompt.words:
        assert value in range(len(prompt.choices)), answer
    else:
        assert isinstance(value, int | float), answer
        assert 0 <= value <= 1, answer
    outcome = prompt.outcome(answer)
    assert 0 <= dimension(key).kind.credit(outcome) <= 1
    assert Outcome.from_json(outcome.to_json()) == outcome
    return outcome


class Tally:
    """The outcomes of all cases, whose metrics must add up."""

    def __init__(self) -> None:
        self.outcomes: dict[str, list[Outcome]] = defaultdict(list)

    def add(self, key: str, outcome: Outcome) -> None:
        """Adds one, under an id of its own."""
        found = self.outcomes[key]
        found.append(outcome._replace(id=f"{outcome.id} {len(found)}"))

    def counts(self) -> dict[str, Counter[str]]:
        """Answers of each dimension by reason; `valid` for the readable ones."""
        return {key: Counter(o.reason or "valid" for o in found) for key, found in self.outcomes.items()}

    def check(self) -> None:
        """Valid and invalid answers are all of them, and the metrics have the same numbers."""
        for key, counts in self.counts().items():
            metrics = dimension(key).kind.measure(self.outcomes[key])
            total = len(self.outcomes[key])
            invalid = {reason.value: metrics[f"invalid_{reason.value}"].value for reason in Reason}
            assert metrics["n"].value == total, key
            assert counts["valid"] + sum(invalid.values()) == total, key
            assert metrics["coverage"].value * total == counts["valid"] or math.isclose(
                metrics["coverage"].value * total, counts["valid"]
            ), key
            assert invalid == {reason.value: counts[reason.value] for reason in Reason}, key


def read_file(folder: Path, case: Broken) -> str:
    """Loads and inspects one file; `read` or `refused`."""
    file = folder / f"{case.key}.{case.ending}"
    file.write_bytes(case.content)
    try:
        return _read_file(file, folder / "mapping.yaml", case)
    finally:
        file.unlink()
        (folder / "mapping.yaml").unlink(missing_ok=True)


def _read_file(file: Path, mapping: Path, case: Broken) -> str:
    def loaded() -> Any:
        try:
            return load(case.key, str(file), split="all")
        except RecrmError as error:
            return str(error)

    found = timed(loaded)
    if isinstance(found, str):
        assert file.name in found, found
        assert "Traceback" not in found, found
    else:
        records = sum(1 for _ in timed(lambda: list(found.records())))
        assert records == len(found) > 0
    out, err = io.StringIO(), io.StringIO()

    def inspected() -> int:
        mapping.unlink(missing_ok=True)
        for stream in (out, err):
            stream.seek(0)
            stream.truncate()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            return main(["data", "inspect", str(file), "--dimension", case.key, "--to", str(mapping)])

    code = timed(inspected)
    assert (code == 0) == (not isinstance(found, str)), (found, out.getvalue(), err.getvalue())
    if isinstance(found, str):
        assert err.getvalue().startswith("recrm: "), err.getvalue()
    _add_up(file, case, None if isinstance(found, str) else len(found))
    return "refused" if isinstance(found, str) else "read"


def _add_up(file: Path, case: Broken, usable: int | None) -> None:
    """Rows that are used, refused by reason, or of another dimension are all rows of the file."""
    origin, registered = origin_of(str(file)), dimension(case.key)
    try:
        seen = profile(origin, registered, None)
    except DataError:
        assert usable is None
        return  # the file as a whole
    if seen.plan.doubts:
        assert usable is None
        return
    stored, problems = prepare(origin, registered, plan(origin, registered, None), stop=False)
    others = sum(sum(rows["others"].values()) for rows in stored.manifest["files"].values())
    assert problems.total == seen.problems.total == sum(problems.reasons.values())
    assert stored.manifest["rows"] == seen.rows
    assert usable in (None, seen.rows)
    if case.count is not None:
        total = seen.rows + seen.problems.total + others
        assert total == case.count, f"{seen.rows} used, {seen.problems.total} refused, {others} of others: {case.count}"
