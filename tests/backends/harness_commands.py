"""The harnesses' own command lines in this process: each harness takes tens of seconds to start.

    python tests/backends/harness_commands.py lm_eval …

runs one in a process of its own.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence
from unittest import mock


def run(words: Sequence[str]) -> None:
    """Runs a command.

    lm-eval runs without its own 14,700 tasks, which take ten seconds to index. Whether an evaluation of Inspect
    succeeded is in its log.

    Args:
        words: `lm_eval` or `inspect`, and the arguments.

    Raises:
        SystemExit: the command ended with an error.
        Exception: its arguments were refused, or any error of the run.
    """
    with mock.patch.object(sys, "argv", list(words)):
        {"lm_eval": _lm_eval, "inspect": _inspect}[words[0]]()


def _lm_eval() -> None:
    import lm_eval.tasks
    from lm_eval._cli import HarnessCLI

    lean = functools.partial(lm_eval.tasks.TaskManager, include_defaults=False)
    with mock.patch.object(lm_eval.tasks, "TaskManager", lean):
        cli = HarnessCLI()
        cli.execute(cli.parse_args())


def _inspect() -> None:
    from inspect_ai._cli.main import inspect
    from inspect_ai.model import _model
    from inspect_ai.model._providers import vllm

    try:
        # Inspect keeps a model and vLLM's server by the model's name, with the URL of the first server of that name.
        with mock.patch.dict(_model._models, clear=True), mock.patch.dict(vllm._vllm_servers, clear=True):
            inspect.main(sys.argv[1:], standalone_mode=False)
    except SystemExit as end:
        if end.code:
            raise


if __name__ == "__main__":
    run(sys.argv[1:])
