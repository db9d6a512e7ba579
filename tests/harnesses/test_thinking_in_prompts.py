"""Chat templates that open thinking in the prompt, through both harnesses with a real (tiny, untrained) model."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import lm_eval
import pytest
import scripted
from inspect_ai import Task
from inspect_ai import eval as inspect_eval
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.log import EvalLog
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessageAssistant,
    ContentReasoning,
    ContentText,
    GenerateConfig,
    Model,
    ModelOutput,
    get_model,
)
from inspect_ai.model._model import init_active_model

from inspect_tasks import dimension_task
from inspect_tasks.logprobs import choice_logprobs
from inspect_tasks.samples import after_reasoning, to_prompt
from recrm_tasks.answers.thinking import HARMONY_HEADER
from recrm_tasks.data import load
from recrm_tasks.errors import RecrmError
from recrm_tasks.lm_eval_tasks import results
from recrm_tasks.lm_eval_tasks.results_file import numbers_of
from recrm_tasks.prompting.tokens import tokens_of

pytestmark = pytest.mark.slow

LIMIT = 3


def template(end: str) -> str:
    return (
        "{% for m in messages %}<{{ m.role }}>\n{{ m.content }}{% if not loop.last or m.role != 'assistant' %}</>"
        "{% endif %}{% endfor %}{% if add_generation_prompt %}<assistant>\n" + end + "{% endif %}"
    )


QWEN = template("{% if enable_thinking is defined and enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}")
"""Opens nothing; the model itself begins to think."""
R1 = template("<think>\n")
SWITCH = template("<think>\n{% if enable_thinking is defined and enable_thinking is false %}\n</think>\n\n{% endif %}")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a model whose tokens are bytes; its chat template is changed by `with_template`."""
    return save_model(tmp_path_factory.mktemp("model"))


def save_model(folder: Path, merges: tuple[tuple[str, str], ...] = ()) -> str:
    """Saves a model whose tokens are bytes, and pairs of bytes."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: i for i, token in enumerate([*alphabet, *("".join(pair) for pair in merges)])}
    core = Tokenizer(models.BPE(vocabulary, list(merges)))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=core, eos_token="<eos>", pad_token="<eos>")
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=8192, eos_token_id=None, pad_token_id=tokenizer.pad_token_id, bos_token_id=None,
    )  # fmt: skip
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    return str(folder)


def with_template(folder: str, text: str) -> None:
    (Path(folder) / "chat_template.jinja").write_text(text, encoding="utf-8")
    tokens_of.cache_clear()


def by_lm_eval(folder: str, task: str, chat: bool = True, **options: Any) -> dict[str, Any]:
    from lm_eval.models.huggingface import HFLM

    given = {name: options.pop(name) for name in ("think_end_token", "enable_thinking") if name in options}
    done = lm_eval.simple_evaluate(
        HFLM(pretrained=folder, device="cpu", batch_size=1, **given),
        tasks=[task],
        task_manager=scripted.manager(
            pretrained=folder, recrm_limit=LIMIT, **given, **{f"recrm_{name}": v for name, v in options.items()}
        ),
        apply_chat_template=chat,
        gen_kwargs=None if "logprob" in task else "max_gen_toks=8",
    )
    assert done is not None
    done["provenance"] = done["configs"][task]["metadata"]["recrm_provenance"]
    done["samples"] = done["samples"][task]
    return done


def inspects_task(folder: str, **options: Any) -> tuple[Task, Model]:
    arguments = {name: options.pop(name) for name in ("enable_thinking",) if name in options}
    model = get_model("hf/tiny", model_path=folder, device="cpu", do_sample=False, memoize=False, **arguments)
    init_active_model(model, GenerateConfig())
    try:
        return dimension_task("factual", data="sample", limit=LIMIT, **options), model
    finally:
        init_active_model(None, GenerateConfig())  # type: ignore[arg-type]


def by_inspect(logs: Path, folder: str, max_tokens: int | None = 8, **options: Any) -> EvalLog:
    task, model = inspects_task(folder, **options)
    (log,) = inspect_eval(
        task, model=model, log_dir=str(logs), display="none", max_tokens=max_tokens, max_connections=1, top_logprobs=256
    )
    assert log.status == "success", log.error
    return log


def provenance_of(log: EvalLog) -> dict[str, Any]:
    assert log.eval.metadata is not None
    found: dict[str, Any] = log.eval.metadata["recrm_provenance"]["factual"]
    return found


def shares(logprobs: list[float]) -> list[float]:
    weights = [math.exp(x - max(logprobs)) for x in logprobs]
    return [weight / sum(weights) for weight in weights]


def test_without_a_closing_mark_nothing_is_read(model: str, tmp_path: Path) -> None:
    """In both harnesses; and reading again from their logs gives the same."""
    with_template(model, R1)
    done = by_lm_eval(model, "recrm_factual")
    assert numbers_of(done, "recrm_factual")["invalid_truncated"] == LIMIT
    assert done["provenance"]["thinking_in_prompt"] == "<think> open"
    for sample in done["samples"]:
        logged = json.loads(json.dumps(sample["doc"], default=str))
        assert results.read(logged, ['{"answer": "B"}'])["reason"] == "truncated"
        assert results.read(logged, ['A?</think>{"answer": "B"}'])["value"] == 1
    log = by_inspect(tmp_path, model)
    assert scripted.numbers(log)["invalid_truncated"] == LIMIT
    assert provenance_of(log)["thinking_in_prompt"] == "<think> open"
    for sample in log.samples or ():
        assert to_prompt(str(sample.id), str(sample.target), sample.metadata).opened == "<think>"


def test_without_a_chat_template_nothing_is_open(model: str) -> None:
    with_template(model, R1)
    done = by_lm_eval(model, "recrm_factual", chat=False)
    assert done["provenance"]["thinking_in_prompt"] is None
    assert all("opened" not in sample["doc"] for sample in done["samples"])


def test_letters_within_thinking_are_not_weighed(model: str) -> None:
    with_template(model, R1)
    told = r"ends with <think> open.*enable_thinking=false.*close_thinking=true.*recrm_close_thinking.*generated"
    with pytest.raises(RecrmError, match=told):
        by_lm_eval(model, "recrm_factual_logprob")
    with pytest.raises(PrerequisiteError, match=told):
        inspects_task(model, answer="logprob")
    assert inspects_task(model, answer="logprob", thinking=100)[0].dataset[0].metadata["reading"]["opened"] == "<think>"


@pytest.mark.parametrize("end", ["<think>\n", "[THINK]", "<seed:think>\n", HARMONY_HEADER], ids=repr)
def test_closed_thinking_gives_equal_probabilities(model: str, end: str, tmp_path: Path) -> None:
    with_template(model, template(end))
    done = by_lm_eval(model, "recrm_factual_logprob", close_thinking=True)
    log = by_inspect(tmp_path, model, max_tokens=None, answer="logprob", close_thinking=True)
    assert done["provenance"] == provenance_of(log)
    assert done["provenance"]["close_thinking"] is True
    assert done["provenance"]["thinking_in_prompt"].startswith(end.strip() + " closed with ")
    theirs = {sample.id: sample for sample in log.samples or ()}
    for sample in done["samples"]:
        ours = shares([logprob for logprob, _ in sample["filtered_resps"]])
        found = theirs[sample["doc"]["id"]]
        prefill = found.metadata["prefill"]
        assert sample["arguments"][0][0].endswith(end + prefill)
        assert next(message.text for message in found.messages if message.role == "assistant") == prefill
        logprobs = choice_logprobs(
            found.output, [*found.metadata["reading"]["choices"]], found.metadata.get("answer_tokens")
        )
        assert isinstance(logprobs, list)
        assert shares(logprobs) == pytest.approx(ours, abs=1e-4)


def test_a_prompt_that_is_split_in_another_way_before_an_answer_is_reported(
    model: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As GPT-2's kind of tokenizer does: two line ends are one token, but not before a letter."""
    told = "splits the end of the prompt"
    other = save_model(tmp_path, merges=(("Ċ", "Ċ"),))
    for folder, expected in ((model, False), (other, True)):
        with_template(folder, R1)
        by_lm_eval(folder, "recrm_factual_logprob", close_thinking=True)
        assert (told in caplog.text) == expected


def test_closed_thinking_is_read_as_an_answer(model: str, tmp_path: Path) -> None:
    with_template(model, R1)
    done = by_lm_eval(model, "recrm_factual", close_thinking=True)
    log = by_inspect(tmp_path, model, close_thinking=True)
    assert numbers_of(done, "recrm_factual")["invalid_truncated"] == 0
    assert scripted.numbers(log)["invalid_truncated"] == 0
    said = {sample.id: sample.output.completion for sample in log.samples or ()}
    assert {sample["doc"]["id"]: sample["filtered_resps"][0] for sample in done["samples"]} == said


def test_the_templates_own_switch(model: str, tmp_path: Path) -> None:
    with_template(model, SWITCH)
    with pytest.raises(PrerequisiteError, match="enable_thinking=false"):
        inspects_task(model, answer="logprob")
    done = by_lm_eval(model, "recrm_factual_logprob", enable_thinking=False)
    log = by_inspect(tmp_path, model, max_tokens=None, answer="logprob", enable_thinking=False)
    assert done["provenance"] == provenance_of(log)
    assert done["provenance"]["thinking_in_prompt"] is None
    assert done["samples"][0]["arguments"][0][0].endswith("</think>\n\n")


def test_nothing_to_close_is_an_error(model: str) -> None:
    with_template(model, QWEN)
    for chat in (True, False):
        with pytest.raises(RecrmError, match=r"nothing to close.*--apply_chat_template"):
            by_lm_eval(model, "recrm_factual", chat=chat, close_thinking=True)
    with pytest.raises(PrerequisiteError, match="nothing to close"):
        inspects_task(model, close_thinking=True)
    with pytest.raises(PrerequisiteError, match=r"needs the chat template.*-T tokenizer"):
        dimension_task("factual", data="sample", close_thinking=True)


def test_lm_eval_must_not_remove_the_only_sign_that_thinking_ended(model: str) -> None:
    with_template(model, R1)
    with pytest.raises(RecrmError, match="think_end_token makes lm-eval remove the closing mark"):
        by_lm_eval(model, "recrm_factual", think_end_token="</think>")
    with_template(model, QWEN)
    assert by_lm_eval(model, "recrm_factual", think_end_token="</think>", enable_thinking=True)["results"]


def test_own_marks_in_both_harnesses(tmp_path: Path) -> None:
    prompts = list(load("factual", "sample").prompts("generate"))
    table = {
        p.messages[
            -1
        ].content: f"<plan>{scripted.stated(p, scripted.wrong(p))}</plan>\n{scripted.stated(p, scripted.right(p))}"
        for p in prompts
    }
    done = scripted.by_lm_eval(table, "recrm_factual", recrm_thinking_marks="<plan>...</plan>")
    log = scripted.by_inspect(
        dimension_task("factual", data="sample", thinking_marks="<plan>...</plan>"), table, tmp_path
    )
    assert numbers_of(done, "recrm_factual")["acc"] == scripted.numbers(log)["acc"] == 1
    provenance = done["configs"]["recrm_factual"]["metadata"]["recrm_provenance"]
    assert provenance == provenance_of(log)
    assert provenance["thinking_marks"] == "<plan>...</plan>"
    logged = json.loads(json.dumps(done["samples"]["recrm_factual"][0]["doc"], default=str))
    assert results.read(logged, ["<plan>Answer: B"])["reason"] == "truncated"


def test_reasoning_that_the_provider_returns_apart_is_over() -> None:
    prompt = next(iter(load("factual", "sample").prompts("generate")))._replace(opened="<think>")
    apart = ChatMessageAssistant(content=[ContentReasoning(reasoning="A?"), ContentText(text="B")])
    output = ModelOutput(model="m", choices=[ChatCompletionChoice(message=apart)])
    assert after_reasoning(prompt, output).opened is None
    assert after_reasoning(prompt, ModelOutput.from_content("m", "B")) == prompt


def test_servers_continue_only_what_their_template_leaves_as_it_is(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """DeepSeek-R1's template drops what comes before </think> from turns of the assistant."""
    api = get_model("scripted/any", answers={}, memoize=False)
    served = Model(api.api, GenerateConfig(), {"tokenizer": model})
    monkeypatch.setattr(Model, "__str__", lambda self: "vllm/tiny")
    init_active_model(served, GenerateConfig())
    try:
        with_template(model, R1)
        made = dimension_task("factual", data="sample", limit=1, close_thinking=True)
        assert made.dataset[0].metadata["prefill"] == "<think>\n\n</think>\n\n"
        with_template(model, R1.replace("{{ m.content }}", "{{ m.content.split('</think>')[-1] }}"))
        with pytest.raises(PrerequisiteError, match="does not work with vllm/ and this chat template"):
            dimension_task("factual", data="sample", limit=1, close_thinking=True)
    finally:
        init_active_model(None, GenerateConfig())  # type: ignore[arg-type]
