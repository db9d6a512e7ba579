"""Mistakes on the harnesses' command lines end in a short message, where Python prints a traceback of fifty lines.

The hook of lm-eval and the entry point of Inspect call `shorten`. Only a command line of theirs that names something of
this package is shortened, and only errors whose cause is known; in Python code every error stays as it is.
`RECRM_TRACEBACK=1` turns it off.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from traceback import walk_tb
from types import TracebackType

OFF_SWITCH = "RECRM_TRACEBACK"
_PROGRAMS = ("lm_eval", "lm-eval", "lm_eval.exe", "lm-eval.exe", "inspect", "inspect.exe")
_LOADERS = ("transformers", "huggingface_hub", "safetensors")
"""Packages that load models: what they raise is about the model."""
_LONGEST = 600


def shorten() -> None:
    """Has the command line that runs print a short message for errors whose cause is known."""
    before = sys.excepthook
    if not _is_ours(sys.argv) or hasattr(before, "_recrm_tasks"):
        return

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        message = None if os.environ.get(OFF_SWITCH, "") not in ("", "0") else message_of(error)
        if message is None:
            before(kind, error, trace)
        else:
            print(f"\n{message}", file=sys.stderr)

    hook._recrm_tasks = True  # type: ignore[attr-defined]
    sys.excepthook = hook


def message_of(error: BaseException) -> str | None:
    """What is wrong and what to do, in at most five lines; None if the cause of an error is not known."""
    from recrm_tasks.errors import HarnessError, RecrmError

    said = " ".join(str(error).split())
    said = said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…"
    if isinstance(error, RecrmError | HarnessError):
        return f"recrm: {said}"
    if isinstance(error, ValueError) and said.startswith("Tasks not found: "):
        return f"lm_eval: {said}\nThose of this package: lm_eval ls tasks | grep recrm; docs/tasks.md describes them"
    if isinstance(error, ValueError) and said.startswith("Attempted to load model "):
        return (
            f"lm_eval: {said.partition('!')[0]}\n"
            "Models are hf, vllm, recrm-vllm, recrm-rm, recrm-server, openai-chat-completions, …: docs/models.md"
        )
    if isinstance(error, ValueError) and said.startswith("Model API "):
        return f"inspect: {said}\nThe name before the first slash is hf, vllm, recrm-rm, openai, …: docs/models.md"
    if isinstance(error, ValueError) and said.startswith("API key not found"):
        return f"lm_eval: {said}"
    if isinstance(error, AssertionError) and "--apply_chat_template" in said:
        return f"lm_eval: {said} Add it to the command"
    if isinstance(error, OSError | ValueError | RuntimeError) and set(_packages(error)) & set(_LOADERS):
        return (
            f"The model cannot be loaded: {said}\n"
            f"Check its folder or name, and for names the network and HF_TOKEN. {OFF_SWITCH}=1 shows the whole error"
        )
    return None


def _is_ours(argv: Sequence[str]) -> bool:
    program = PurePath(argv[0]) if argv else PurePath()
    known = program.name in _PROGRAMS or (program.name == "__main__.py" and program.parent.name == "lm_eval")
    return known and any("recrm" in argument for argument in argv[1:])


def _packages(error: BaseException) -> Iterator[str]:
    """The packages through whose code an error came."""
    for frame, _ in walk_tb(error.__traceback__):
        yield str(frame.f_globals.get("__name__", "")).partition(".")[0]
