"""A model that was trained with a start token (BOS) gets one, and only one."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import lm_eval
import pytest
from lm_eval.models.huggingface import HFLM
from our_tasks import manager
from stub_engine import StubEngine
from transformers import AutoTokenizer

from recrm_tasks.lm_eval_tasks import rendered_task
from recrm_tasks.lm_eval_tasks.completions_server import CompletionsServer

START = "<start>"
TEMPLATES = {
    "plain": None,
    "writes": "{{ bos_token }}{% for m in messages %}<{{ m.role }}>{{ m.content }}</>{% endfor %}<go>",
    "forgets": "{{ messages[0].content }}",
}


@pytest.fixture(scope="module")
def folders(plain_byte_tokenizer: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Tokenizers that begin a text with `START`, by what their chat template does."""
    from tokenizers.processors import TemplateProcessing

    found = {}
    for name, template in TEMPLATES.items():
        tokenizer = AutoTokenizer.from_pretrained(plain_byte_tokenizer, bos_token=START)
        start = tokenizer.bos_token_id
        tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
            single=f"{START} $A", special_tokens=[(START, start)]
        )
        tokenizer.chat_template = template
        found[name] = str(tmp_path_factory.mktemp(name))
        tokenizer.save_pretrained(found[name])
    return found


def run(
    server: StubEngine, folder: str, task: str, model: str = "recrm-server", chat: bool = False, **options: Any
) -> None:
    given = {"model": "stub", "base_url": server.url, "max_gen_toks": 1, **options}
    if options.get("api") != "chat":
        given |= {"tokenizer": folder, "tokenizer_backend": "huggingface"}
    lm_eval.simple_evaluate(
        model, model_args=given, tasks=[task], task_manager=manager(recrm_limit=2, **given), apply_chat_template=chat
    )


def starts(server: StubEngine) -> set[int]:
    """How many start tokens the prompts have; all of them are at the beginning."""
    start = server.tokenizer.bos_token_id
    found = {ids.count(start) for ids in server.prompts}
    assert all(start not in ids[1:] or ids[:2] == (start, start) for ids in server.prompts)
    return found


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if "start token" in record.message]


@pytest.mark.parametrize("task", ["recrm_factual", "recrm_factual_logprob"])
@pytest.mark.parametrize("name", ["plain", "writes"])
def test_a_completions_api_gets_one_start_token(name: str, task: str, folders: dict[str, str]) -> None:
    with StubEngine(folders[name]) as server:
        run(server, folders[name], task, chat=name == "writes")
        assert len(server.prompts) == 2
        assert starts(server) == {1}
        server.prompts.clear()
        run(server, folders[name], task, chat=name == "writes", add_bos_token=False)
        assert starts(server) == {int(name == "writes")}


@pytest.mark.parametrize("name", TEMPLATES)
def test_texts_have_the_tokens_that_lm_evals_hf_gives_them(name: str, folders: dict[str, str]) -> None:
    """One by one and together, also where a template has written the token before some of them only."""
    theirs = HFLM.__new__(HFLM)
    theirs.tokenizer, theirs.add_bos_token = AutoTokenizer.from_pretrained(folders[name]), None
    theirs.backend, theirs.custom_prefix_token_id = "causal", None
    with StubEngine(folders[name]) as server:
        ours = CompletionsServer(
            base_url=f"{server.url}/completions", model="stub", tokenizer=folders[name],
            tokenizer_backend="huggingface",
        )  # fmt: skip
        texts = ["a", f"{START}b", "cc", START]
        wanted = [theirs.tok_encode(text) for text in texts]
        assert [ours.tok_encode(text) for text in texts] == wanted
        assert ours.tok_encode(texts) == wanted
        assert ours.tok_encode(texts[::2]) == wanted[::2]
        assert ours.tok_encode("a", add_special_tokens=False) == theirs.tok_encode("a", add_special_tokens=False)


@pytest.mark.parametrize(
    ("name", "options", "warned"),
    [
        ("plain", {}, 1),
        ("plain", {"add_bos_token": True}, 0),
        ("plain", {"tokenized_requests": False}, 0),
        ("writes", {}, 0),
        ("forgets", {}, 1),
    ],
)
def test_local_completions_without_it_is_reported(
    name: str, options: dict[str, Any], warned: int, folders: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    rendered_task._warn_once.cache_clear()
    with StubEngine(folders[name]) as server, caplog.at_level(logging.WARNING, "recrm_tasks"):
        chat = TEMPLATES[name] is not None
        url = f"{server.url}/completions"
        run(server, folders[name], "recrm_factual", "local-completions", chat, **{**options, "base_url": url})
        assert ("tokenized_requests" in options) or starts(server) == {int(not warned)}
    said = warnings(caplog)
    assert len(said) == warned
    assert all(f"start token (BOS) {START!r}" in one and "add add_bos_token=True" in one for one in said)


def test_a_model_that_needs_none_is_not_reported(
    plain_byte_tokenizer: str, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    tokenizer = AutoTokenizer.from_pretrained(plain_byte_tokenizer, bos_token=START)  # known, and not written
    tokenizer.save_pretrained(tmp_path)
    rendered_task._warn_once.cache_clear()
    with StubEngine(str(tmp_path)) as server, caplog.at_level(logging.WARNING, "recrm_tasks"):
        url = f"{server.url}/completions"
        run(server, str(tmp_path), "recrm_factual", "local-completions", base_url=url)
        run(server, str(tmp_path), "recrm_factual_logprob")
        assert starts(server) == {0}
    assert not warnings(caplog)


@pytest.mark.parametrize("task", ["recrm_factual", "recrm_factual_logprob"])
@pytest.mark.parametrize(("name", "warned"), [("writes", 0), ("forgets", 1)])
def test_a_chat_api_without_it_is_reported(
    name: str, warned: int, task: str, folders: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with StubEngine(folders[name]) as server, caplog.at_level(logging.WARNING, "recrm_tasks"):
        run(server, folders[name], task, chat=True, api="chat")
    said = warnings(caplog)
    assert len(said) == warned
    assert all(f"without the start token (BOS) {START!r}" in one and "--chat-template" in one for one in said)


def test_a_server_that_does_not_say_its_tokens_is_no_matter_to_generated_answers(
    folders: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with StubEngine(folders["forgets"], tells=False) as server, caplog.at_level(logging.WARNING, "recrm_tasks"):
        run(server, folders["forgets"], "recrm_factual", chat=True, api="chat")
    assert not [record for record in caplog.records if record.name.startswith("recrm_tasks")]
