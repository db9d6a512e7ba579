"""`recrm-server`: one request for each question, and lm-eval's own numbers."""

from __future__ import annotations

import json
import logging
import math
from typing import Any

import lm_eval
import pytest
from lm_eval.api.instance import Instance
from lm_eval.api.registry import get_model
from lm_eval.models.api_models import JsonChatStr
from our_tasks import manager
from stub_engine import CONTEXT, StubEngine

from recrm_tasks.answers.kind import normalise
from recrm_tasks.dimensions import dimensions
from recrm_tasks.errors import HarnessError, RecrmError
from recrm_tasks.lm_eval_tasks import in_parts
from recrm_tasks.lm_eval_tasks.chat_server import ChatServer
from recrm_tasks.lm_eval_tasks.completions_server import CompletionsServer
from recrm_tasks.lm_eval_tasks.results_file import numbers_of
from recrm_tasks.lm_eval_tasks.server_model import Server

LIMIT = 2
TASKS = [f"recrm_{key}_logprob" for key in dimensions()]
Said = dict[str, list[tuple[float, bool]]]


def run(
    model: str, url: str, tokenizer: str, tasks: list[str] = TASKS, chat_template: bool = True, **options: Any
) -> tuple[dict[str, Any], Said]:
    """All numbers by task, and what was answered by record."""
    arguments = {"model": "stub", "base_url": url, "num_concurrent": 4, **options}
    if options.get("api") != "chat":
        arguments |= {"tokenizer": tokenizer, "tokenizer_backend": "huggingface"}
    cache = arguments.pop("use_cache", None)
    done = lm_eval.simple_evaluate(
        model, model_args=arguments, tasks=tasks, task_manager=manager(recrm_limit=LIMIT, **arguments),
        apply_chat_template=chat_template, use_cache=cache,
    )  # fmt: skip
    assert done is not None
    said = {
        f"{task} {sample['doc']['id']}": [(float(one), greedy) for one, greedy in sample["filtered_resps"]]
        for task, samples in done["samples"].items()
        if task.endswith("_logprob")
        for sample in samples
    }
    return {task: numbers_of(done, task) for task in tasks}, said


def same(ours: Said, theirs: Said) -> None:
    assert ours.keys() == theirs.keys()
    for record, answers in ours.items():
        assert [greedy for _, greedy in answers] == [greedy for _, greedy in theirs[record]], record
        for (one, _), (other, _) in zip(answers, theirs[record], strict=True):
            assert one == pytest.approx(other, abs=1e-9), record


def shares(said: Said) -> dict[str, Any]:
    return {record: normalise([one for one, _ in answers]) for record, answers in said.items()}


def test_one_request_a_question_and_lm_evals_numbers(byte_tokenizer: str) -> None:
    with StubEngine(byte_tokenizer) as server:
        ours, given = run("recrm-server", server.url, byte_tokenizer)
        asked, prompts = len(server.asked), server.prompts[:]
        assert asked == LIMIT * len(TASKS)
        assert server.most > 1
        theirs, wanted = run("local-completions", f"{server.url}/completions", byte_tokenizer, max_length=CONTEXT)
        assert len(server.asked) - asked == sum(map(len, wanted.values()))
    same(given, wanted)
    costs = ("requests", "tokens_in", "tokens_cached", "tokens_out")
    for task in TASKS:
        for metric, value in theirs[task].items():
            if metric not in costs:
                assert ours[task][metric] == value or math.isnan(value), metric
        assert ours[task]["requests"] == ours[task]["tokens_out"] == LIMIT
        assert "unseen" not in ours[task]
    assert sum(ours[task]["tokens_in"] for task in TASKS) == sum(map(len, prompts))
    assert sum(ours[task]["tokens_cached"] for task in TASKS) > 0


def test_equal_beginnings_follow_one_another(byte_tokenizer: str) -> None:
    """The records of the dimensions alternate in the hybrid task."""
    with StubEngine(byte_tokenizer) as server:
        run("recrm-server", server.url, byte_tokenizer, ["recrm_hybrid_logprob"], num_concurrent=1)
        assert server.prompts == sorted(server.prompts)
        assert len(server.prompts) == LIMIT * len(TASKS)


@pytest.mark.slow
def test_many_requests_go_in_parts(byte_tokenizer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with StubEngine(byte_tokenizer) as server:
        _, wanted = run("recrm-server", server.url, byte_tokenizer)
        whole = sorted(server.prompts)
        server.prompts.clear()
        monkeypatch.setattr(in_parts, "_PROMPTS", 3)
        _, given = run("recrm-server", server.url, byte_tokenizer)
    assert given == wanted
    assert sorted(server.prompts) == whole


@pytest.mark.slow
@pytest.mark.parametrize("server_is", [{"knows": False}, {"refuses": True}])
def test_a_server_that_reports_no_given_tokens_is_asked_in_lm_evals_way(
    server_is: dict[str, bool], byte_tokenizer: str, caplog: pytest.LogCaptureFixture
) -> None:
    with StubEngine(byte_tokenizer, **server_is) as server:  # type: ignore[arg-type]
        with caplog.at_level(logging.WARNING, "recrm_tasks"):
            ours, given = run("recrm-server", server.url, byte_tokenizer)
        said = [record.message for record in caplog.records if "does not report the log-prob" in record.message]
        assert len(said) == 1
        assert server.url in said[0]
        tried = not server.refuses
        assert len(server.asked) == sum(map(len, given.values())) + tried
        assert sum(ours[task]["requests"] for task in TASKS) == len(server.asked)
        _, wanted = run("local-completions", f"{server.url}/completions", byte_tokenizer, max_length=CONTEXT)
    same(given, wanted)


def test_a_beginning_that_all_answers_have_is_part_of_the_prompt(plain_byte_tokenizer: str) -> None:
    """Without a chat template a space comes before the letter, which is a token of its own here; after a chat template
    that ends with a line break, lm-eval counts that as a part of the answer too."""
    with StubEngine(plain_byte_tokenizer) as server:
        _, given = run("recrm-server", server.url, plain_byte_tokenizer, chat_template=False)
        assert len(server.asked) == LIMIT * len(TASKS)
        _, wanted = run(
            "local-completions", f"{server.url}/completions", plain_byte_tokenizer, chat_template=False,
            max_length=CONTEXT,
        )  # fmt: skip
    for record, found in shares(given).items():
        assert found == pytest.approx(shares(wanted)[record], abs=1e-9)


def test_the_context_is_the_servers(byte_tokenizer: str) -> None:
    options = {"model": "stub", "tokenizer": byte_tokenizer, "tokenizer_backend": "huggingface"}
    with StubEngine(byte_tokenizer) as server:
        url = f"{server.url}/completions"
        assert CompletionsServer(base_url=url, **options).max_length == CONTEXT - 1
        assert CompletionsServer(base_url=url, **{**options, "model": "other"}).max_length == 2047
        assert CompletionsServer(base_url=url, max_length=100, **options).max_length == 99
    assert CompletionsServer(base_url=url, **options).max_length == 2047


def test_a_prompt_that_lm_eval_cuts_goes_its_way(byte_tokenizer: str) -> None:
    with StubEngine(byte_tokenizer) as server:
        options = {"max_length": 40, "recrm_context": CONTEXT, "recrm_tokenizer": byte_tokenizer}
        _, given = run("recrm-server", server.url, byte_tokenizer, TASKS[:1], **options)
        assert all(body["echo"] and len(body["prompt"][0]) == 39 for body in server.asked)
        _, wanted = run("local-completions", f"{server.url}/completions", byte_tokenizer, TASKS[:1], **options)
    same(given, wanted)


@pytest.mark.slow
@pytest.mark.parametrize("api", ["completions", "chat"])
def test_requests_are_tried_again_and_what_was_answered_is_kept(api: str, byte_tokenizer: str, tmp_path: Any) -> None:
    with StubEngine(byte_tokenizer, fails=2) as server:
        options = {"api": api, "use_cache": str(tmp_path / "cache"), "num_concurrent": 1, "max_retries": 4}
        _, first = run("recrm-server", server.url, byte_tokenizer, TASKS[:2], **options)
        assert len(server.asked) == 2 * LIMIT
        results, second = run("recrm-server", server.url, byte_tokenizer, TASKS[:2], **options)
        assert len(server.asked) == 2 * LIMIT
    assert first == second
    assert "requests" not in results[TASKS[0]]


def test_a_chat_api_gives_the_same_shares(byte_tokenizer: str) -> None:
    with StubEngine(byte_tokenizer) as server:
        _, wanted = run("recrm-server", server.url, byte_tokenizer)
        before = len(server.asked)
        ours, given = run("recrm-server", server.url, byte_tokenizer, api="chat")
        assert len(server.asked) - before == LIMIT * len(TASKS)
        assert 0 < server.paths["/tokenize"] < 200
    for record, found in shares(given).items():
        assert found == pytest.approx(shares(wanted)[record], abs=1e-9)
    for task in TASKS:
        assert ours[task]["requests"] == LIMIT
        assert "unseen" not in ours[task]


def test_the_address_may_name_the_api(byte_tokenizer: str) -> None:
    with StubEngine(byte_tokenizer) as server:
        _, given = run("recrm-server", server.url, byte_tokenizer, TASKS[:1], api="chat")
        _, again = run("recrm-server", f"{server.url}/chat/completions", byte_tokenizer, TASKS[:1], api="chat")
    assert given == again


@pytest.mark.parametrize("server_is", [{"owner": "other"}, {"refuses": True}, {"knows": False}, {"tells": False}])
def test_what_a_chat_api_does_not_report_is_counted(server_is: dict[str, Any], byte_tokenizer: str) -> None:
    with StubEngine(byte_tokenizer, **server_is) as server:
        ours, given = run("recrm-server", server.url, byte_tokenizer, api="chat")
        assert len(server.asked) == LIMIT * len(TASKS)
        for task in TASKS:
            records = [answers for record, answers in given.items() if record.startswith(f"{task} ")]
            unseen = sum(any(one == -math.inf for one, _ in answers) for answers in records)
            assert ours[task].get("unseen", 0) == unseen
    assert any(one == -math.inf for answers in given.values() for one, _ in answers)


def instance(choice: str, doc: dict[str, Any], chat: bool = True) -> Instance:
    turns = json.dumps([{"role": "user", "content": "A or B? Reply with a letter."}])
    return Instance("loglikelihood", doc, (JsonChatStr(turns) if chat else turns, choice), 0, ("some_task", 0, 1))


def chat_server(server: StubEngine, **options: Any) -> ChatServer:
    return ChatServer(base_url=f"{server.url}/chat/completions", model="stub", **options)


def test_a_chat_api_refuses_what_it_cannot_answer(byte_tokenizer: str) -> None:
    ours = {"dimension": "factual", "id": "a"}
    with StubEngine(byte_tokenizer) as server:
        lm = chat_server(server)
        with pytest.raises(RecrmError, match=r"the answer 'AB' is not one token of stub, .* use api=completions"):
            lm.loglikelihood([instance("A", ours), instance("AB", ours)])
        with pytest.raises(RecrmError, match=r"some_task: .* evaluates the recrm tasks only"):
            lm.loglikelihood([instance("A", {"question": "?"})])
        with pytest.raises(RecrmError, match="add --apply_chat_template"):
            lm.loglikelihood([instance("A", ours, chat=False)])
        with pytest.raises(RecrmError, match="add --apply_chat_template"):
            lm.generate_until([instance("A", ours, chat=False)])
    assert not server.asked


def test_a_prompt_that_ends_within_thinking_is_refused(byte_tokenizer: str) -> None:
    with StubEngine(byte_tokenizer) as server:
        template = "{{ messages[-1].content }}</>{% if enable_thinking is not defined %}<think>{% endif %}"
        server.tokenizer.chat_template = template
        with pytest.raises(RecrmError, match=r"ends with <think> open, .* add enable_thinking=false"):
            chat_server(server).loglikelihood([instance("A", {"dimension": "factual", "id": "a"})])


def test_a_busy_server_is_asked_again_for_its_tokens(byte_tokenizer: str) -> None:
    """It is no server that does not say what its tokens are."""
    ours = {"dimension": "factual", "id": "a"}
    with StubEngine(byte_tokenizer, busy=2) as server:
        answers = chat_server(server).loglikelihood([instance("A", ours), instance("B", ours)])
        assert all(math.isfinite(logprob) for logprob, _ in answers)
        assert server.asked[0]["logprob_token_ids"]
        server.busy = 99
        with pytest.raises(RecrmError, match=r"/tokenize answered with status 429: .*busy"):
            chat_server(server, max_retries=1).loglikelihood([instance("A", ours)])
    with pytest.raises(RecrmError, match="no answer from http://"):
        chat_server(server, max_retries=1).loglikelihood([instance("A", ours)])


def test_chat_options_go_with_every_request(byte_tokenizer: str) -> None:
    ours = {"dimension": "factual", "id": "a"}
    with StubEngine(byte_tokenizer) as server:
        chat_server(server, enable_thinking=False).loglikelihood([instance("A", ours), instance("B", ours)])
        (body,) = server.asked
    assert body["chat_template_kwargs"] == {"enable_thinking": False}
    assert body["max_tokens"] == 1
    assert len(body["logprob_token_ids"]) == 2


def test_completions_take_arguments_of_the_chat_template(byte_tokenizer: str) -> None:
    with StubEngine(byte_tokenizer) as server:
        options = {"base_url": f"{server.url}/completions", "model": "stub", "tokenizer": byte_tokenizer}
        lm = CompletionsServer(tokenizer_backend="huggingface", enable_thinking=False, **options)
        lm.tokenizer.chat_template = "{{ messages[0].content }}|{{ enable_thinking }}"
        assert lm.apply_chat_template([{"role": "user", "content": "?"}]) == "?|False"
        with pytest.raises(RecrmError, match="need tokenizer_backend=huggingface"):
            CompletionsServer(
                tokenizer_backend="huggingface", tokenized_requests=False, enable_thinking=False, **options
            )


def test_no_logprobs_at_all(byte_tokenizer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with StubEngine(byte_tokenizer) as server:
        lm = chat_server(server)
        monkeypatch.setattr(lm, "ask", lambda questions, **_: [lm.read(one, {"choices": [{}]}) for one in questions])
        with pytest.raises(HarnessError, match="returned no log-probabilities: use generated answers"):
            lm.loglikelihood([instance("A", {"dimension": "factual", "id": "a"})])


@pytest.mark.parametrize("api", ["completions", "chat"])
def test_generated_answers_are_counted(api: str, byte_tokenizer: str) -> None:
    with StubEngine(byte_tokenizer) as server:
        arguments = {"model": "stub", "base_url": server.url, "num_concurrent": 2, "api": api, "max_gen_toks": 1}
        if api == "completions":
            arguments |= {"tokenizer": byte_tokenizer, "tokenizer_backend": "huggingface"}
        lm = Server.create_from_arg_obj(arguments)
        done = lm_eval.simple_evaluate(
            lm, tasks=["recrm_factual", "recrm_ranking"], task_manager=manager(recrm_limit=LIMIT),
            apply_chat_template=True,
        )  # fmt: skip
    assert done is not None
    for task in ("recrm_factual", "recrm_ranking"):
        table = numbers_of(done, task)
        assert table["requests"] == table["tokens_out"] == LIMIT
        assert table["tokens_in"] > 0


def test_generated_answers_to_prompts_as_texts_are_counted(byte_tokenizer: str) -> None:
    for concurrent in (1, 2):
        with StubEngine(byte_tokenizer) as server:
            options = {"tokenized_requests": False, "max_gen_toks": 1, "num_concurrent": concurrent}
            ours, _ = run("recrm-server", server.url, byte_tokenizer, ["recrm_factual"], False, **options)
            assert ours["recrm_factual"]["requests"] == len(server.asked) == LIMIT
            assert ours["recrm_factual"]["tokens_in"] == sum(map(len, server.prompts))


def test_log_probabilities_of_a_completions_api_need_a_tokenizer(byte_tokenizer: str) -> None:
    with StubEngine(byte_tokenizer) as server:
        options = {"model": "stub", "tokenizer_backend": None, "tokenized_requests": False}
        lm = CompletionsServer(base_url=f"{server.url}/completions", **options)
        with pytest.raises(RecrmError, match="need the model's tokenizer: give tokenizer=PATH"):
            lm.loglikelihood([instance("A", {"dimension": "factual", "id": "a"}, chat=False)])
    assert not server.asked


FAILED = [
    {"error": {"message": "busy", "code": 429}},
    {"choices": []},
    {"choices": None},
    {"choices": [{"index": 0, "text": "", "message": {"content": ""}, "error": {"message": "busy", "code": 502}}]},
]
"""What gateways send with status 200."""


@pytest.mark.parametrize("says", FAILED, ids=str)
@pytest.mark.parametrize("api", ["completions", "chat"])
def test_a_reply_of_another_form(api: str, says: dict[str, Any], byte_tokenizer: str) -> None:
    """lm-eval tries the request again, as others that failed."""
    with StubEngine(byte_tokenizer, says=says) as server:
        for task in (TASKS[0], "recrm_factual"):
            with pytest.raises(HarnessError, match="answered in another form than OpenAI's: ") as stopped:
                run("recrm-server", server.url, byte_tokenizer, [task], api=api, max_retries=1)
            assert server.url in str(stopped.value)
            assert str(says)[:300] in str(stopped.value)


@pytest.mark.slow
@pytest.mark.parametrize("concurrent", [1, 2])
@pytest.mark.parametrize("api", ["completions", "chat"])
def test_a_failure_with_status_200_is_no_answer(api: str, concurrent: int, byte_tokenizer: str) -> None:
    """It is tried again, and the numbers and the cost are those without it."""
    for task in ("recrm_factual", TASKS[0]):
        options = {"api": api, "num_concurrent": concurrent, "max_gen_toks": 1}
        with StubEngine(byte_tokenizer) as server:
            wanted = run("recrm-server", server.url, byte_tokenizer, [task], **options)
        for failure in (FAILED[0], FAILED[-1]):
            with StubEngine(byte_tokenizer, fails=1, failure=failure) as server:
                assert run("recrm-server", server.url, byte_tokenizer, [task], **options) == wanted
                assert len(server.asked) == LIMIT


def test_what_other_tasks_cost_is_not_ours(byte_tokenizer: str) -> None:
    with StubEngine(byte_tokenizer) as server:
        arguments = {"model": "stub", "tokenizer": byte_tokenizer, "tokenizer_backend": "huggingface"}
        lm = CompletionsServer(base_url=f"{server.url}/completions", num_concurrent=1, **arguments)
        lm.tokenizer.eos_token = "!"  # lm-eval begins with it
        lm.loglikelihood_rolling([Instance("loglikelihood_rolling", {"text": "abc"}, ("abc",), 0, ("wikitext", 0, 1))])
        assert len(server.asked) == 1
        done = lm_eval.simple_evaluate(
            lm, tasks=TASKS[:1], task_manager=manager(recrm_limit=LIMIT, **arguments), apply_chat_template=True
        )
    assert done is not None
    assert numbers_of(done, TASKS[0])["requests"] == LIMIT


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("model=stub", "needs the address of the server's API: base_url=http"),
        ("model=stub,base_url=localhost:8000", "needs the address"),
        ("model=stub,base_url=http://localhost/v1,api=responses", "api must be completions or chat"),
        ("model=stub,base_url=http://localhost/v1,api=chat,pretained=a,b=2", "api=chat has no argument b, pretained"),
        ("model=stub,base_url=http://localhost/v1/completions,api=chat", "api must be completions or chat, as in the"),
    ],
)
def test_wrong_arguments(arguments: str, said: str) -> None:
    with pytest.raises(RecrmError, match=said):
        Server.create_from_arg_string(arguments)


def test_lm_eval_knows_the_model_by_name() -> None:
    assert get_model("recrm-server") is Server


def test_another_model_of_a_chat_api_is_refused_with_a_way_out() -> None:
    with pytest.raises(RecrmError, match="use --model recrm-server with api=chat"):
        manager(base_url="http://localhost/v1/chat/completions").load([TASKS[0]])
