"""vLLM's own parser takes every `vllm serve` in the docs."""

from __future__ import annotations

import argparse

import pytest

pytest.importorskip("vllm")

from doc_commands import Command, commands
from markdown_pages import PAGES

pytestmark = [pytest.mark.slow, pytest.mark.vllm]
SERVERS = [command for page in PAGES for command in commands(page) if command.words[:2] == ("vllm", "serve")]


@pytest.fixture(scope="module")
def parser() -> argparse.ArgumentParser:
    """Of `vllm serve`, which also takes the model without an option."""
    from vllm.entrypoints.cli.serve import cmd_init
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    (serve,) = cmd_init()
    return serve.subparser_init(FlexibleArgumentParser(prog="vllm").add_subparsers())


@pytest.mark.parametrize("command", SERVERS, ids=lambda command: command.where)
def test_the_options_exist(parser: argparse.ArgumentParser, command: Command) -> None:
    options = parser.parse_args(list(command.words[2:]))
    assert options.model_tag is not None or not command.whole
