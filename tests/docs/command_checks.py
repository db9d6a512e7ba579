"""Whether the program that a command names would take it: by its own parser, and by what its arguments name."""

from __future__ import annotations

import argparse
import ast
import contextlib
import inspect
import io
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from importlib.metadata import metadata, requires
from pathlib import Path
from runpy import run_path
from typing import Any
from unittest import mock

import click
import yaml
from doc_commands import PROGRAMS, SCRIPT
from inspect_ai._cli.main import inspect as inspect_cli
from inspect_ai._cli.util import parse_cli_args
from inspect_ai._util.error import PrerequisiteError
from inspect_ai._util.registry import registry_lookup
from lm_eval._cli import HarnessCLI
from lm_eval.api.registry import get_model
from lm_eval.config.evaluate_config import EvaluatorConfig
from lm_eval.tasks import TaskManager
from markdown_pages import ROOT
from stand_ins import EVALUATE

from recrm_tasks import cli, lm_eval_tasks
from recrm_tasks.data.sources.hub import REPOSITORY
from recrm_tasks.lm_eval_tasks.server_model import ChatServer, CompletionsServer, arguments_of
from recrm_tasks.models.reward_model import RewardModel


class Refused(Exception):
    """The program would not take the command; the text says why."""


@contextlib.contextmanager
def refusing() -> Iterator[None]:
    """Turns a parser's exit into `Refused`."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            yield
    except SystemExit as error:
        if error.code:
            raise Refused(said.getvalue()) from None
    except click.ClickException as error:
        raise Refused(error.format_message()) from None


def check(words: Sequence[str], whole: bool) -> None:
    """Checks a command.

    Args:
        words: the program and its arguments.
        whole: whether all arguments are there; else only the options are checked.

    Raises:
        Refused: it would fail.
    """
    program = "python" if re.fullmatch(SCRIPT, words[0]) else words[0]
    if program not in CHECKS:
        raise Refused(f"{program}: no check for this program in tests/docs/command_checks.py")
    CHECKS[program](list(words) if program != "python" or words[0] == "python" else ["python", *words], whole)


def of_parser(parser: argparse.ArgumentParser, arguments: list[str], whole: bool) -> None:
    """An argparse command line."""
    if whole:
        with refusing():
            parser.parse_args(arguments)
        return
    for word in arguments:
        below = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
        if word.startswith("-"):
            if word.partition("=")[0] not in parser._option_string_actions:
                raise Refused(f"{parser.prog} has no option {word}")
        elif below:
            if word not in below[0].choices:
                raise Refused(f"{parser.prog} has no subcommand {word}")
            parser = below[0].choices[word]


def of_click(command: click.Command, arguments: list[str], whole: bool) -> click.Context | None:
    """A click command line; the context of the subcommand that it names."""
    context = click.Context(command, info_name=command.name)
    while isinstance(command, click.Group) and arguments and not arguments[0].startswith("-"):
        with refusing():
            _, found, arguments = command.resolve_command(context, arguments)
        assert found is not None
        command, context = found, click.Context(found, info_name=found.name, parent=context)
    if whole:
        with refusing():
            return command.make_context(command.name, arguments, parent=context.parent)
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    for word in arguments:
        if word.startswith("-") and word.partition("=")[0] not in known:
            raise Refused(f"{context.command_path} has no option {word}")
    return None


def of_recrm(words: list[str], whole: bool) -> None:
    of_parser(cli._parser(), words[1:], whole)


def lm_eval_arguments(words: list[str]) -> argparse.Namespace:
    """The command line as lm-eval's own parser reads it."""
    with mock.patch.object(sys, "argv", list(words)), refusing():
        return HarnessCLI().parse_args()
    raise AssertionError("unreachable")


def of_lm_eval(words: list[str], whole: bool) -> None:
    """The parser, the model's arguments, and our tasks with the options in `--metadata`, loaded."""
    if not whole:
        of_parser(HarnessCLI()._subparsers.choices["run"], words[1:], whole=False)
        return
    config = EvaluatorConfig.from_cli(lm_eval_arguments(words))
    known = {
        name
        for one in get_model(config.model).__mro__
        if "__init__" in vars(one)
        for name in inspect.signature(one.__init__).parameters
    }
    if config.model == "recrm-rm":
        known |= set(inspect.signature(RewardModel).parameters)
    if config.model == "recrm-server":
        known |= {"api"} | arguments_of(ChatServer) | arguments_of(CompletionsServer)
    unknown = set(config.model_args) - known
    if unknown:
        raise Refused(f"lm-eval's {config.model} has no argument {', '.join(sorted(unknown))}")
    folders = [str(Path(lm_eval_tasks.__file__).parent), *([config.include_path] if config.include_path else [])]
    tasks = TaskManager(include_path=folders, include_defaults=False, metadata=config.metadata)
    try:
        tasks.load(config.tasks)
        if config.model in ("hf", "recrm-rm"):
            get_model(config.model).create_from_arg_obj(config.model_args, {"batch_size": 1, "device": "cpu"})
    except Exception as error:  # whatever it is, the user of the docs would see it
        raise Refused(repr(error)) from error


def of_inspect(words: list[str], whole: bool) -> None:
    """The parser, the model's provider, and our tasks with their options, built."""
    context = of_click(inspect_cli, words[1:], whole)
    if context is None:
        return
    model = context.params.get("model")
    if model and not registry_lookup("modelapi", model.partition("/")[0]):
        raise Refused(f"Inspect has no provider {model}")
    if words[1] == "score" and context.params["scorer"]:
        package, _, scorer = context.params["scorer"].partition("/")
        if not hasattr(import_module(f"{package}._registry"), scorer):
            raise Refused(f"{package} registers no scorer {scorer}")
    for task in context.params.get("tasks") or () if words[1] in EVALUATE else ():
        if task.startswith("hf/"):
            declared_on_the_hub(task)
            continue
        try:
            parse_cli_args(context.params["m"])
            task_function(task)(**parse_cli_args(context.params["t"]))
        except yaml.YAMLError as error:
            raise Refused(f"Inspect reads values as YAML: {error}") from None
        except PrerequisiteError as error:
            raise Refused(str(error.message)) from None


def declared_on_the_hub(task: str) -> None:
    """A task of the benchmark's declaration, by its id."""
    declared = yaml.safe_load((ROOT / "docs" / "hub" / "eval.yaml").read_text(encoding="utf-8"))
    if task not in {f"hf/{REPOSITORY}/{one['id']}" for one in declared["tasks"]}:
        raise Refused(f"docs/hub/eval.yaml declares no {task}")


def task_function(task: str) -> Callable[..., Any]:
    """The function of an Inspect task that is named as a user names it, or by its file among the examples."""
    if example := re.fullmatch(r"examples/(?:\w+/)*(\w+)\.py", task):
        found_in: Callable[..., Any] = run_path(str(ROOT / task))[example[1]]
        return found_in
    found = re.fullmatch(r"recrm_tasks/(\w+?)(\.py(@\1)?)?", task)
    try:
        module = import_module(f"recrm_tasks.{found[1]}") if found else None
    except ModuleNotFoundError:
        module = None
    if module is None or found is None:
        raise Refused(f"there is no task {task}")
    function: Callable[..., Any] = getattr(module, found[1])
    return function


def of_make(words: list[str], whole: bool) -> None:
    done = subprocess.run(["make", "--dry-run", "-C", str(ROOT), *words[1:]], capture_output=True, text=True)
    if done.returncode:
        raise Refused(done.stderr)


def of_pip(words: list[str], whole: bool) -> None:
    from pip._internal.commands import create_command

    command = create_command(words[1])
    if not whole:
        unknown = [w for w in words[2:] if not command.parser.has_option(w.partition("=")[0])]
        if unknown:
            raise Refused(f"pip {words[1]} has no option {unknown}")
        return
    with refusing():
        options, packages = command.parse_args(words[2:])
    extras = metadata("recrm-tasks").get_all("Provides-Extra") or ()
    for package in [*packages, *options.editables]:
        found = re.fullmatch(r"(?:\.|recrm-tasks)(?:\[([\w,-]+)\])?", package)
        wrong = set(found[1].split(",")) - set(extras) if found and found[1] else set()
        if wrong:
            raise Refused(f"this package has no extra {', '.join(sorted(wrong))}")
        if not found and not any(re.match(rf"{package}\b", line) for line in requires("recrm-tasks") or ()):
            raise Refused(f"{package} is no package that this one needs")
    for file in options.constraints:
        if not (ROOT / file).is_file():
            raise Refused(f"{file} does not exist")


def of_python(words: list[str], whole: bool) -> None:
    if words[1] == "-m":
        check(words[2:], whole)
        return
    if words[1].startswith("-"):
        if subprocess.run([sys.executable, *words[1:], "-c", ""]).returncode:
            raise Refused(f"python has no option {words[1]}")
        return
    files = [ROOT / words[1]] if "/" in words[1] else [*ROOT.glob(f"*/{words[1]}"), *ROOT.glob(f"*/*/{words[1]}")]
    if len(files) != 1 or not files[0].is_file():
        raise Refused(f"{words[1]} does not exist")
    source = files[0].read_text(encoding="utf-8")
    if "argparse" in source:
        of_parser(declared_parser(source, words[1]), words[2:], whole)


def declared_parser(source: str, name: str) -> argparse.ArgumentParser:
    """The parser that a script declares, read and not run: its imports take seconds.

    Args:
        source: the script.
        name: what it is called.
    """
    parser = argparse.ArgumentParser(prog=name)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "add_argument":
            settings = {}
            for keyword in node.keywords:
                if keyword.arg in ("nargs", "action", "choices", "required"):
                    with contextlib.suppress(ValueError):
                        settings[keyword.arg] = ast.literal_eval(keyword.value)
            names = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
            if names:
                parser.add_argument(*names, **settings)
    return parser


def of_accelerate(words: list[str], whole: bool) -> None:
    from accelerate.commands.launch import launch_command_parser

    with refusing():
        launched = launch_command_parser().parse_args(words[2:])
    check([launched.training_script, *launched.training_script_args], whole)


def of_hf(words: list[str], whole: bool) -> None:
    from huggingface_hub.cli.hf import app

    of_click(app, words[1:], whole)


def of_vllm(words: list[str], whole: bool) -> None:
    """Nothing: vLLM has an environment of its own. tests/backends/test_doc_servers.py asks its parser there."""


def of_git(words: list[str], whole: bool) -> None:
    """Only the subcommand."""
    subprocess.run(["git", "init", "--quiet"], check=True)  # outside a repository git explains nothing
    done = subprocess.run(["git", *words[1:3], "-h"], capture_output=True, text=True)
    if "usage: git" not in done.stdout:
        raise Refused(done.stdout + done.stderr)


CHECKS: dict[str, Callable[[list[str], bool], None]] = {
    "accelerate": of_accelerate,
    "git": of_git,
    "hf": of_hf,
    "inspect": of_inspect,
    "lm_eval": of_lm_eval,
    "make": of_make,
    "pip": of_pip,
    "python": of_python,
    "recrm": of_recrm,
    "vllm": of_vllm,
}
assert set(CHECKS) == set(PROGRAMS)


def subcommands(program: str) -> set[str]:
    """The words that only say which part of a program is meant."""
    if program == "recrm":
        return {name for parser in _below(cli._parser()) for name in parser[0]}
    others = {"hf": {"download", "upload"}, "inspect": {*inspect_cli.commands}, "pip": {"install"}, "python": set()}
    return others.get(program, set())


def _below(parser: argparse.ArgumentParser) -> Iterator[tuple[list[str], argparse.ArgumentParser]]:
    """Every subcommand's name and parser."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield [name], below
                yield from _below(below)


def known_options() -> set[str]:
    """All options of `recrm`, lm-eval's and Inspect's evaluations, and this repository's scripts."""
    parsers = [parser for _, parser in _below(cli._parser())]
    parsers += [cli._parser(), HarnessCLI()._subparsers.choices["run"]]
    for file in (*ROOT.glob("benchmarks/*.py"), *ROOT.glob("tests/real/*.py"), *ROOT.glob("tests/backends/*.py")):
        parsers.append(declared_parser(file.read_text(encoding="utf-8"), file.name))
    found = {option for parser in parsers for option in parser._option_string_actions}
    for name in ("eval", "eval-set", "eval-retry", "score"):
        for parameter in inspect_cli.commands[name].params:
            found |= {*parameter.opts, *parameter.secondary_opts}
    return found
