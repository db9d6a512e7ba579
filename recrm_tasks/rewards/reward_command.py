"""`recrm reward`: the rewards of a file of cases, and rewards as a service."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

from recrm_tasks.errors import DataError, RecrmError
from recrm_tasks.prompting.options import Option, number
from recrm_tasks.rewards import reward_options, trainer_options
from recrm_tasks.rewards.judges import judge_options
from recrm_tasks.rewards.score_file import check, rows_of, score

TOKEN = "RECRM_REWARD_TOKEN"
"""The environment variable with the token of a service."""
_OWN = "reward_option_"
"""What the names of their options begin with in argparse's namespace."""
_OF_SCORE = ("on_error",)
"""Options that a service does not have: there the error belongs to its case."""


def add_reward_command(commands: Any) -> None:
    """Adds `reward` with its subcommands to the command line."""
    reward = commands.add_parser("reward", help="rewards for training an agent: of a file of cases, or as a service")
    below = reward.add_subparsers(required=True, metavar="COMMAND")
    score = below.add_parser("score", help="the rewards of a file of cases or episodes")
    score.add_argument("file", metavar="FILE", help="JSON Lines of cases or episodes; - for standard input")
    score.add_argument("--to", type=Path, metavar="FILE", help="the file for the rewards. By default standard output.")
    _add_options(score, ())
    score.set_defaults(run=_score)

    serve = below.add_parser("serve", help="rewards over HTTP, for several trainers")
    serve.add_argument("--host", default="127.0.0.1", help="the address to listen on (default 127.0.0.1)")
    serve.add_argument("--port", default="5000", help="the port; 0 for any that is free (default 5000)")
    serve.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help=f"a file with the token that clients must send. By default the environment variable {TOKEN}.",
    )
    serve.add_argument("--queue", default="10000", metavar="N", help="the most cases in hand (default 10000)")
    serve.add_argument(
        "--max-questions", default="200000", metavar="N", help="the most questions about them (default 200000)"
    )
    serve.add_argument("--max-body", default="16", metavar="MIB", help="the longest request in MiB (default 16)")
    serve.add_argument(
        "--grace", default="60", metavar="SECONDS", help="for the requests in hand when it is stopped (default 60)"
    )
    _add_options(serve, _OF_SCORE)
    _add_group(serve, "requests of trainers", trainer_options.OPTIONS)
    serve.set_defaults(run=_serve)


def _add_options(parser: argparse.ArgumentParser, without: tuple[str, ...]) -> None:
    groups = {
        "the judge": judge_options.OPTIONS,
        "the reward": reward_options.OPTIONS,
        "episodes": reward_options.EPISODE_OPTIONS,
    }
    for title, declared in groups.items():
        _add_group(parser, title, {name: option for name, option in declared.items() if name not in without})


def _add_group(parser: argparse.ArgumentParser, title: str, declared: Mapping[str, Option]) -> None:
    group = parser.add_argument_group(title)
    for name, option in declared.items():
        flag = f"--{name.replace('_', '-')}"
        group.add_argument(flag, dest=_OWN + name, metavar="VALUE", help=option.help_with_default)


def _given(options: argparse.Namespace) -> dict[str, object]:
    return {name.removeprefix(_OWN): value for name, value in vars(options).items() if name.startswith(_OWN)}


def _score(options: argparse.Namespace) -> int:
    rewards = reward_options.rewards_from(_given(options), "--")
    name = "standard input" if options.file == "-" else options.file
    with _reading(options.file) as lines:
        if options.file != "-" and lines.seekable():
            check(_read(lines, name), name)
            lines.seek(0)
        with _writing(options.to) as out:
            summary = score(rows_of(_read(lines, name), name), rewards, out)
    mean = f", mean {summary.total / summary.valued:.4f}" if summary.valued else ""
    print(f"{summary.rows:,} rewards{mean}; {summary.rows - summary.valued:,} have none", file=sys.stderr)
    for key, count in summary.missing.items():
        print(f"missing: {key} of {count:,}", file=sys.stderr)
    if summary.unseen:
        print(f"unseen: the judge did not report every answer's probability for {summary.unseen:,}", file=sys.stderr)
    if summary.errors:
        print(f"the judge did not answer about {summary.errors:,}", file=sys.stderr)
    print(f"tokens: {summary.tokens_in:,} in, {summary.tokens_out:,} out", file=sys.stderr)
    return 0


@contextmanager
def _reading(file: str) -> Iterator[IO[bytes]]:
    with ExitStack() as stack:
        try:
            lines: IO[bytes] = sys.stdin.buffer if file == "-" else stack.enter_context(Path(file).open("rb"))
        except OSError as error:
            raise DataError(f"{file}: cannot be read: {error.strerror or error}") from None
        yield lines


def _read(lines: IO[bytes], name: str) -> Iterator[bytes]:
    try:
        yield from lines
    except OSError as error:
        raise DataError(f"{name}: cannot be read: {error.strerror or error}") from None


@contextmanager
def _writing(to: Path | None) -> Iterator[IO[str]]:
    """Standard output; or a file that is there when it is whole."""
    try:
        if to is None:
            yield sys.stdout
            return
        if to.exists() and not to.is_file():  # a pipe or a device, which must not be replaced
            with to.open("w", encoding="utf-8") as out:
                yield out
            return
        to.parent.mkdir(parents=True, exist_ok=True)
        handle, unfinished = tempfile.mkstemp(prefix=f".{to.name}-unfinished-", dir=to.parent)
        os.close(handle)
        try:
            with open(unfinished, "w", encoding="utf-8") as out:
                yield out
            Path(unfinished).chmod(0o644)  # mkstemp's own mode is for one user only
            os.replace(unfinished, to)
        finally:
            Path(unfinished).unlink(missing_ok=True)
    except BrokenPipeError:  # the reader has enough, see `recrm_tasks.cli.main`
        raise
    except OSError as error:
        raise DataError(f"{to or 'standard output'}: cannot be written: {error.strerror or error}") from None


def _serve(options: argparse.Namespace) -> int:
    try:
        from recrm_tasks.rewards.service.app import reward_app
        from recrm_tasks.rewards.service.in_hand import MIB, Limits
        from recrm_tasks.rewards.service.server import listening, serve
    except ModuleNotFoundError as error:
        if error.name not in ("starlette", "uvicorn"):
            raise
        raise RecrmError(f"a service of rewards needs {error.name}: pip install 'recrm-tasks[serve]'") from None
    token = _token(options.token_file)
    port = number(0).parse(options.port, "--port")
    body = number(1).parse(options.max_body, "--max-body") * MIB
    limits = Limits(
        cases=number(1).parse(options.queue, "--queue"),
        questions=number(1).parse(options.max_questions, "--max-questions"),
        body=body,
        memory=max(Limits.memory, 2 * body),
    )
    grace = number(1).parse(options.grace, "--grace")
    given = _given(options)
    completion, no_reward = trainer_options.completion_and_no_reward(given, "--")
    with listening(options.host, port, token is not None) as on:
        of_rewards = {name: value for name, value in given.items() if name not in trainer_options.OPTIONS}
        rewards = reward_options.rewards_from(of_rewards, "--")
        app = reward_app(rewards, token, limits, completion, no_reward, hosts=(options.host,))
        where = on.getsockname()
        host = f"[{where[0]}]" if ":" in where[0] else where[0]
        print(f"rewards of {rewards.reward.judge.name} at http://{host}:{where[1]}", flush=True)
        serve(app, on, grace)
    return 0


def _token(file: Path | None) -> str | None:
    if file is None:
        token = os.environ.get(TOKEN)
        where = TOKEN
    else:
        try:
            token = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise RecrmError(f"--token-file {file}: cannot be read: {error}") from None
        where = f"--token-file {file}"
    if token is not None and not (token.isascii() and token.isprintable() and token and " " not in token):
        raise RecrmError(f"{where}: a token is one or more ASCII characters without spaces")
    return token
