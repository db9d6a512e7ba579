"""Every command in the docs is one that its program takes, and nearly all of them run.

`stand_ins.py` has the rules by which a command gets files that are here, `command_checks.py` how each program is asked,
`command_runs.py` how it is run. The commands of a page run in their order, in one folder.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from command_checks import Refused, check, known_options, subcommands
from command_runs import RUNS
from doc_commands import NOT_SHELL, SHELL, Command, commands
from markdown_pages import PAGES, RECORDED_PAGES, blocks
from stand_ins import Models, of_inspect, of_lm_eval, of_recrm, stand_in, variables_here

SKIPPED_PAGES = {"CHANGELOG.md": "tells of commands that have changed since", **RECORDED_PAGES}
COMMAND_PAGES = [page for page in PAGES if page not in SKIPPED_PAGES]
ALL = [command for page in COMMAND_PAGES for command in commands(page)]

NOT_RUN = {
    r"^git worktree": "it would change the user's repository; only the subcommand is checked",
    r"^vllm serve": "vLLM is not in this environment: tests/backends/test_doc_servers.py asks its parser",
    r"^make (demo|train-demo|test|check|generated|docs)": "`make test` and CI run them; here that the target exists",
    r"^make fuzz": "it takes minutes; here that the target exists",
    r"^(python )?(benchmarks/|tests/|demo/|examples/|\w+\.py)": "they take minutes; here their arguments",
    r"^(python -m )?pip install": "tests/install installs the package; here pip's parser, and the names of the extras",
    r"^inspect eval-retry": "it needs a run that was interrupted: tests/harnesses has such runs; here its parser",
    r"^make serve-docs": "a server until it is stopped; `make docs` builds what it shows",
    r"^inspect view": "a page until it is stopped; tests/browser looks at a bundle; here its parser",
    r"^inspect score": "the scorer is registered by a plain install only: tests/install scores such a log",
    r"^lm_eval --model (local-|openai-|recrm-server)": "an API; here the parser, the model's arguments and our tasks",
    r"^hf (download|upload)": "the network; tests/data/test_hub.py and tests/docs/test_release_workflow.py run them "
    "against hubs of their own; here its parser",
    r"^recrm card .*--eval-results": "only results of the hub's data: tests/docs/test_release_workflow.py writes them",
    r"^inspect eval hf/wwzeng": "the hub: tests/docs/test_hub_page.py runs it against a hub of its own",
    r"^recrm reward ": "a judge on a server: tests/rewards runs both commands; here our parser",
    r"^inspect .*--model (openai|openai-api)/": "an API; here Inspect's parser, the provider and our tasks",
}
"""Commands that are checked and not run, as regular expressions, with the reason."""
SLOW = r"^(lm_eval|inspect|recrm (consistency|reward|stress)) |\.html|--plots|--eval-results"
"""Commands that take seconds: a model is asked, or plots are drawn; or that do not run here, or only after others of
their page."""

Desk = Callable[[dict[str, str]], None]


def is_mention(command: Command) -> bool:
    """Whether text only names a subcommand or an option, as in "see `recrm report`": nothing to run."""
    return command.in_line and all(w.startswith("-") or w in subcommands(command.words[0]) for w in command.words[1:])


def at_desk(page: str, desk: Desk, models: Models) -> Iterator[tuple[Command, list[str], bool]]:
    """The commands of a page; each with its words as they are here, and whether it can be run."""
    for command in commands(page):
        words = stand_in(command)
        by_program = {"lm_eval": of_lm_eval, "inspect": of_inspect, "recrm": of_recrm}
        words = by_program.get(words[0], lambda w, _: w)(words, models)
        desk(variables_here(command))
        yield command, words, command.whole and not is_mention(command)


@pytest.mark.slow
@pytest.mark.parametrize("page", COMMAND_PAGES)
def test_commands_are_taken(page: str, desk: Desk, models: Models, capfd: pytest.CaptureFixture[str]) -> None:
    failed = []
    for command, words, whole in at_desk(page, desk, models):
        try:
            check(words, whole)
            if whole and words[0] == "recrm" and not re.search(SLOW, command.text):
                RUNS["recrm"](words, capfd)
        except Refused as error:
            failed.append(f"{command.where}: {command.text}\n  as: {' '.join(words)}\n  {error}")
    assert not failed, "\n".join(failed)


@pytest.mark.slow
@pytest.mark.parametrize("page", [p for p in COMMAND_PAGES if any(re.search(SLOW, c.text) for c in commands(p))])
def test_commands_run(page: str, desk: Desk, models: Models, capfd: pytest.CaptureFixture[str]) -> None:
    failed = []
    for command, words, whole in at_desk(page, desk, models):
        if not whole or any(re.search(pattern, command.text) for pattern in NOT_RUN):
            continue
        try:
            if words[0] not in RUNS:
                raise Refused("it neither runs nor is in NOT_RUN")
            RUNS[words[0]](words, capfd)
        except Refused as error:
            failed.append(f"{command.where}: {command.text}\n  as: {' '.join(words)}\n  {error}")
    assert not failed, "\n".join(failed)


def test_every_command_runs_or_has_a_reason() -> None:
    lost = [
        f"{c.where}: {c.text}"
        for c in ALL
        if c.whole and not is_mention(c) and c.words[0] not in RUNS and not any(re.search(p, c.text) for p in NOT_RUN)
    ]
    assert lost == []
    stale = [pattern for pattern in NOT_RUN if not any(re.search(pattern, c.text) for c in ALL)]
    assert stale == []


def test_blocks_have_a_language() -> None:
    """Else a command could hide in one."""
    unknown = [
        f"{block.where}: {block.language or 'no language'}"
        for page in COMMAND_PAGES
        for block in blocks(page)
        if block.language is not None and block.language not in SHELL | NOT_SHELL
    ]
    assert unknown == []


def test_the_docs_have_commands() -> None:
    """So that the other tests cannot pass because nothing is found."""
    programs = [command.words[0] for command in ALL]
    assert min(programs.count(program) for program in RUNS) >= 10


OTHER_OPTIONS = {
    "-c": "pip",
    "--distributed-executor-backend": "vllm serve",
    "--durations": "pytest",
    "--logprobs-mode": "vllm serve",
    "--no-enable-prefix-caching": "vllm serve",
    "--reasoning-parser": "vllm serve",
    "--pooler-config": "vllm serve",
    "--data": "openrlhf.cli.train_ppo_ray",
    "--reward": "openrlhf.cli.train_ppo_ray",
    "--dataset_name": "trl",
    "--reward_funcs": "trl grpo",
}
"""Options of programs that are not asked here."""


def test_options_in_text_exist() -> None:
    known, used, unknown = known_options(), set(), []
    known |= {word for command in ALL if command.words[0] == "vllm" for word in command.words if word.startswith("-")}
    for page in COMMAND_PAGES:
        for block in blocks(page):
            if block.language is not None or not block.code.startswith("-"):
                continue
            for option in re.findall(r"(?<!\S)--?[a-zA-Z][\w-]*", block.code):
                used.add(option)
                if option not in known and option not in OTHER_OPTIONS:
                    unknown.append(f"{block.where}: {option}")
    assert unknown == []
    assert set(OTHER_OPTIONS) - used == set()
