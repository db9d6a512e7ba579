"""The `recrm` command: what the harnesses do not do themselves."""

from __future__ import annotations

import argparse
import codecs
import io
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from recrm_tasks import __version__
from recrm_tasks.baselines_command import add_baselines_command
from recrm_tasks.build.build_command import add_build_command
from recrm_tasks.compare_command import add_compare_command
from recrm_tasks.consistency_command import add_consistency_command
from recrm_tasks.cost_command import add_cost_command
from recrm_tasks.data.data_command import add_data_commands
from recrm_tasks.errors import RecrmError
from recrm_tasks.prompting.options import Options, declared
from recrm_tasks.report_command import add_report_commands
from recrm_tasks.result_commands import add_result_commands
from recrm_tasks.rewards.reward_command import add_reward_command
from recrm_tasks.show_command import add_show_command
from recrm_tasks.stress_command import add_stress_command
from recrm_tasks.training.leaks_command import add_leaks_command
from recrm_tasks.training.training_command import add_training_options


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; a user's mistake is one message and exit code 2."""
    lost = _print_what_the_encoding_has()
    options = _parser().parse_args(arguments)
    try:
        code = int(options.run(options))
        sys.stdout.flush()
        if lost:
            print(
                f"recrm: {sys.stdout.encoding}, the encoding of this output, lacks some characters, for example "
                f"{lost[0]!a}; they are shown as ?. PYTHONUTF8=1 writes all of them",
                file=sys.stderr,
            )
        return code
    except RecrmError as error:
        print(f"recrm: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # `recrm … | head`: the reader has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what Python flushes when it exits
        return 0


def _print_what_the_encoding_has() -> list[str]:
    """Has stdout show `?` for a character that its encoding lacks, where Python would stop with a UnicodeEncodeError.

    Returns:
        Such characters, as they come up.
    """
    lost: list[str] = []

    def replace(error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeEncodeError):
            raise error
        lost.append(error.object[error.start])
        return "?" * (error.end - error.start), error.end

    codecs.register_error("recrm", replace)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="recrm")
    return lost


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are two lines, where argparse prints every option."""

    def error(self, message: str) -> NoReturn:
        """See `argparse.ArgumentParser.error`."""
        self.exit(2, f"{self.prog}: error: {message}\n{self.prog} --help shows how it is used\n")


def _parser() -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = _Parser(
        prog="recrm", description="RecRM-Bench for lm-evaluation-harness and Inspect."
    )
    parser.add_argument("--version", action="version", version=f"recrm-tasks {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add_report_commands(commands)
    add_result_commands(commands)
    add_compare_command(commands)
    add_consistency_command(commands)
    shared = declared(Options)
    help_of = {name: shared[name].help_with_default for name in ("data", "mapping", "revision")}
    help_of["split"] = shared["split"].help
    of_data = add_data_commands(commands, help_of)
    add_training_options(of_data.choices["export"])
    add_show_command(of_data)
    add_build_command(of_data)
    add_leaks_command(of_data, help_of)
    add_baselines_command(commands)
    add_cost_command(commands)
    add_reward_command(commands)
    add_stress_command(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
