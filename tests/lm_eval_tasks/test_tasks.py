"""Our tasks as lm-evaluation-harness sees them."""

from __future__ import annotations

import json
import math
import tempfile
from pathlib import Path

import lm_eval
import pytest
import scripted
from lm_eval.utils import make_table
from our_tasks import FOLDER, HYBRIDS, STRESS, TASKS, manager, task

from recrm_tasks.answers.prompt import ANSWER_TOKENS, MODES, READS, Prompt
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions import dimensions
from recrm_tasks.errors import DataError, HarnessError, RecrmError
from recrm_tasks.lm_eval_tasks import documents, rendered_task, results
from recrm_tasks.lm_eval_tasks.results_file import numbers_of
from recrm_tasks.lm_eval_tasks.task_files import task_files
from recrm_tasks.scoring.aggregate.declared import DECLARED
from recrm_tasks.scoring.metric import brief, columns

GROUPS = ["recrm_bench", "recrm_bench_logprob"]


def test_twelve_tasks_and_two_groups() -> None:
    found = manager()
    assert set(found.all_subtasks) == {*TASKS, *HYBRIDS, *STRESS}
    assert set(found.all_groups) == set(GROUPS)
    assert "recrm" in found.all_tags
    assert set(found.load(["recrm"])["tasks"]) == set(TASKS)
    for group, suffix in zip(GROUPS, ("", "_logprob"), strict=True):
        assert set(found.load([group])["tasks"]) == {f"recrm_{key}{suffix}" for key in dimensions()}


@pytest.mark.parametrize("name", TASKS)
def test_metric_list_matches_the_dimension(name: str) -> None:
    """The YAML lists the metrics of the table in their order, each followed by its error."""
    loaded = task(name)
    kind = dimension_of(loaded.config.metadata["recrm_dimension"]).kind
    shown = brief(kind.declared, kind.primary)
    assert list(loaded.aggregation()) == columns(shown)
    better = loaded.higher_is_better()
    meant = {"higher": True, "lower": False, "neither": None}
    assert {n: better[n] for n in shown} == {n: meant[metric.better] for n, metric in shown.items()}
    assert not any(better[n] for n in better if n.endswith("_stderr"))


@pytest.mark.parametrize("reads", READS)
@pytest.mark.parametrize("by_item", [False, True])
@pytest.mark.parametrize("key", dimensions())
def test_a_task_has_at_most_eight_lines(key: str, by_item: bool, reads: str) -> None:
    """What every run has is among them: the headline, N, coverage and a baseline."""
    shown = [name for name in results.shown_names(key, reads, by_item) if not name.endswith("_stderr")]
    assert len(shown) <= 8
    assert {"score", "n", "coverage", "acc_baseline"} < set(shown)
    if reads == "letters":
        primary = dimension_of(key).primary
        assert {primary, f"{primary}_valid", "acc"} < set(shown)


@pytest.mark.parametrize("name", HYBRIDS)
def test_metric_list_matches_the_aggregate(name: str) -> None:
    loaded = task(name)
    assert list(loaded.aggregation()) == columns(brief(DECLARED, "hybrid"))
    better = loaded.higher_is_better()
    assert {m for m in better if better[m]} == {"score", "mean_score", "hybrid", "coverage"}
    assert {m for m in better if better[m] is None} == {"n"}


def test_documents_leave_no_file_behind() -> None:
    """However the process ends: the file has no name any more."""
    documents = task("recrm_factual").test_docs()
    assert not list(Path(tempfile.gettempdir()).glob("recrm-documents-*"))
    assert len(documents) == len({document["id"] for document in documents}) == len(load("factual", "sample"))


def test_a_log_probability_that_is_no_number_is_reported_with_its_record() -> None:
    document = task("recrm_factual_logprob").test_docs()[0]
    with pytest.raises(HarnessError, match=f"record {document['id']}: log-probabilities are not numbers"):
        results.weighed(document, [(float("nan"), False), (-1.0, True)])


def test_the_dimensions_take_turns_in_the_hybrid_task() -> None:
    docs = task("recrm_hybrid", recrm_limit=3).test_docs()
    assert docs["dimension"][:] == list(dimensions()) * 3
    assert docs["id"][:5] == [next(iter(load(key, "sample", limit=3).records())).id for key in dimensions()]


@pytest.mark.parametrize("name", TASKS)
def test_versions_agree(name: str) -> None:
    loaded = task(name)
    assert dimension_of(loaded.config.metadata["recrm_dimension"]).version == loaded.VERSION


def test_generation_settings() -> None:
    kwargs = task("recrm_factual").config.generation_kwargs
    assert kwargs["max_gen_toks"] == ANSWER_TOKENS
    assert kwargs["until"] == []
    assert not kwargs["do_sample"]


def test_provenance_stands_in_the_results() -> None:
    dataset = load("relevance", "sample")
    table = scripted.completions(dataset.prompts("generate"))
    done = lm_eval.simple_evaluate(scripted.ScriptedLM(table), tasks=["recrm_relevance"], task_manager=manager())
    provenance = done["configs"]["recrm_relevance"]["metadata"]["recrm_provenance"]
    assert provenance == {**dataset.provenance, **scripted.ASKED, "questions": 72}
    assert json.loads(json.dumps(done["configs"], default=str))
    assert "0x" not in json.dumps(done["configs"]["recrm_relevance"]["metric_list"], default=str)


def test_the_table_fits_on_a_screen_and_shows_errors_beside_values() -> None:
    table = scripted.completions(scripted.all_prompts())
    done = lm_eval.simple_evaluate(scripted.ScriptedLM(table), tasks=["recrm_bench"], task_manager=manager())
    printed = [*make_table(done).splitlines(), *make_table(done, "groups").splitlines()]
    assert len(printed) < 50
    rows = [[cell.strip() for cell in line.split("|")] for line in make_table(done).splitlines()[2:]]
    shown = [row for row in rows if len(row) > 8]
    assert len(shown) > 30
    for row in shown:
        metric, error = row[5], row[9]
        if metric in ("acc_baseline", "n"):
            assert error in ("N/A", "")
        else:
            assert float(error) >= 0, row
    (row,) = [line.split("|") for line in make_table(done, "groups").splitlines() if "recrm_bench" in line]
    assert float(row[7]) == round(done["groups"]["recrm_bench"]["score,none"], 4)


@pytest.mark.parametrize("mode", MODES)
def test_all_numbers_stand_in_the_results(mode: str) -> None:
    """In the metadata, so that they are in the file that lm-eval saves; what the table shows is equal."""
    suffix = "" if mode == "generate" else "_logprob"
    make = scripted.completions if mode == "generate" else scripted.logprobs
    table = make([prompt for key in dimensions() for prompt in load(key, "sample", limit=20).prompts(mode)])
    names = [f"recrm_{key}{suffix}" for key in dimensions()]
    done = lm_eval.simple_evaluate(
        scripted.ScriptedLM(table), tasks=[*names, f"recrm_hybrid{suffix}"], task_manager=manager(recrm_limit=20),
        log_samples=False,
    )  # fmt: skip
    saved = json.loads(json.dumps(done["configs"], default=str))
    whole = saved[f"recrm_hybrid{suffix}"]["metadata"]["recrm_metrics"]
    assert columns(DECLARED) == [name for name in whole if name in columns(DECLARED)]
    for key, name in zip(dimensions(), names, strict=True):
        recorded = saved[name]["metadata"]["recrm_metrics"]
        declared = dimension_of(key).kind.declared
        assert list(recorded) == columns({n: one for n, one in declared.items() if one.is_of("letters", False)})
        shown = {n.removesuffix(",none"): v for n, v in done["results"][name].items() if n.endswith(",none")}
        assert {n: v for n, v in shown.items() if v != "N/A"}.items() <= recorded.items()
        assert {n.removeprefix(f"{key}_"): v for n, v in whole.items() if n.startswith(f"{key}_")} == recorded


def test_answers_that_were_not_reported_are_counted_and_said(caplog: pytest.LogCaptureFixture) -> None:
    prompts = list(load("factual", "sample", limit=6).prompts("logprob"))
    table = scripted.logprobs(prompts)
    table[prompts[0].messages[-1].content]["B"] = -math.inf
    with caplog.at_level("WARNING", "recrm_tasks"):
        done = scripted.by_lm_eval(table, "recrm_factual_logprob", recrm_limit=6)
    assert numbers_of(done, "recrm_factual_logprob")["unseen"] == 1
    assert (
        "recrm_factual_logprob: for 1 records the log-probability of an allowed answer was not reported" in caplog.text
    )
    assert [sample["score"].get("unseen") for sample in done["samples"]["recrm_factual_logprob"]].count(True) == 1


def test_a_sample_log_holds_each_outcome_once() -> None:
    table = scripted.completions(load("behavior", "sample").prompts("generate"))
    done = lm_eval.simple_evaluate(scripted.ScriptedLM(table), tasks=["recrm_behavior"], task_manager=manager())
    samples = done["samples"]["recrm_behavior"]
    written = json.loads(json.dumps(samples[0], default=str))
    outcome = {"id": samples[0]["doc"]["id"], "gold": 0, "value": 0.0}
    assert written["score"] == {"dimension": "behavior", "answer": "0", **outcome}
    names = results.shown_names("behavior", "letters", False)
    assert sorted(written["metrics"]) == sorted(names)
    assert {written[m] for m in names if m != "score"} == {"see score"}


def test_lists_can_be_asked_in_several_orders() -> None:
    docs = task("recrm_ranking", recrm_data="sample", recrm_orders=3, recrm_limit=4).test_docs()
    assert len(docs) == 12
    first = docs["id"][0]
    assert docs["id"][:3] == [first, f"{first}#1", f"{first}#2"]
    assert len(set(docs["prompt"][:3])) == 3
    assert {tuple(sorted(json.loads(s)["gold"])) for s in docs["scoring"][:3]} == {
        tuple(sorted(json.loads(docs["scoring"][0])["gold"]))
    }
    once = task("recrm_ranking", recrm_data="sample", recrm_limit=4).test_docs()
    assert once["prompt"][:] == docs["prompt"][::3]


def test_candidates_can_be_asked_about_one_by_one() -> None:
    """The documents of a list follow each other, and carry its id."""
    lists = task("recrm_ranking", recrm_data="sample", recrm_limit=4).test_docs()
    docs = task("recrm_ranking", recrm_data="sample", recrm_ask="item", recrm_limit=4).test_docs()
    scoring = [json.loads(one) for one in docs["scoring"]]
    sizes = [len(choices) for choices in lists["choices"]]
    assert [one["of_list"] for one in scoring] == [i for i, n in zip(lists["id"], sizes, strict=True) for _ in range(n)]
    assert [one["candidates"] for one in scoring] == [n for n in sizes for _ in range(n)]
    assert len(set(docs["id"])) == len(set(docs["prompt"])) == len(docs) == sum(sizes)
    assert set(map(tuple, docs["choices"])) == {("A", "B")}


def test_options_of_lists_are_said_to_have_no_effect_elsewhere(caplog: pytest.LogCaptureFixture) -> None:
    """No error: a group's tasks all get the same options."""
    assert len(task("recrm_factual", recrm_data="sample", recrm_orders=3, recrm_ask="item").test_docs()) == 72
    ours = "recrm_tasks.lm_eval_tasks.documents"
    assert [record.getMessage() for record in caplog.records if record.name == ours] == [
        "factual has no lists, so recrm_orders and recrm_ask would have no effect; leave it out, unless other tasks of "
        "this run have lists"
    ]
    caplog.clear()
    task("recrm_factual", recrm_data="sample", recrm_orders=1)
    task("recrm_ranking", recrm_data="sample", recrm_ask="item", recrm_limit=1)
    assert not [record for record in caplog.records if record.name == ours]


def test_a_ready_prompt_with_a_system_turn(tmp_path: Path) -> None:
    record = {
        "id": "m1", "dimension": "factual", "lang": "en", "source": "x", "label": "consistent",
        "messages": [{"role": "system", "content": "Be a judge."}, {"role": "user", "content": "Is it so? A or B"}],
    }  # fmt: skip
    (tmp_path / "factual.jsonl").write_text(json.dumps(record))
    loaded = task("recrm_factual", recrm_data=str(tmp_path))
    doc = loaded.test_docs()[0]
    assert loaded.fewshot_context(doc, 0) == "Be a judge.Is it so? A or B"  # lm-eval puts nothing between
    seen = []
    loaded.fewshot_context(
        doc, 0, apply_chat_template=True, fewshot_as_multiturn=True,
        chat_template=lambda messages, **_: seen.append(messages) or "",
    )  # fmt: skip
    assert seen == [[{"role": "system", "content": "Be a judge."}, {"role": "user", "content": "Is it so? A or B"}]]


def test_a_ready_prompt_of_many_turns_is_reported(tmp_path: Path) -> None:
    turns = [{"role": role, "content": "x"} for role in ("user", "assistant", "user")]
    record = {"id": "m", "dimension": "factual", "lang": "en", "source": "x", "label": "consistent", "messages": turns}
    (tmp_path / "factual.jsonl").write_text(json.dumps(record))
    with pytest.raises(DataError, match=r"user, assistant, user.*Inspect"):
        task("recrm_factual", recrm_data=str(tmp_path))


def test_a_document_has_every_field_that_reading_an_answer_needs() -> None:
    """Also fields that are added to prompts later."""
    prompt = next(load("factual", "sample").prompts("generate"))
    full = prompt._replace(
        group="g", style="completion", opened="</think>", marks=("[T]", "[/T]"), of_list="list", candidates=3,
        ready=True, question="q", dimension="factual", values=(1.0, 0.0),
    )  # fmt: skip
    found = results.prompt_of(documents._document("factual", full, {}))
    only_shown = {"messages": (), "record": "", "category": None}
    assert found == full._replace(**only_shown)
    unset = Prompt("", "en", (), (), (), 0, "")
    assert {name for name in Prompt._fields if getattr(full, name) == getattr(unset, name)} <= {
        "lang",
        "gold",
        *only_shown,
    }


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"recrm_data": "nowhere"}, "no such file or folder"),
        ({"recrm_lang": "fr"}, "recrm_lang must be zh or en, not 'fr'"),
        ({"recrm_split": "train"}, "no records of split 'train'"),
        ({"recrm_dta": "sample"}, "unknown option recrm_dta: the options are recrm_data, "),
    ],
)
def test_mistakes_are_reported(metadata: dict, message: str) -> None:
    with pytest.raises(RecrmError, match=message):
        task("recrm_factual", **metadata)


def test_an_unknown_aggregation_is_an_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = results.nonsense


def test_every_task_is_in_the_readme() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for name in [*TASKS, *GROUPS]:
        assert f"`{name}`" in readme


def test_the_yaml_is_what_the_declarations_say() -> None:
    """`make generated` writes it; what is written by hand are the three files that all tasks include."""
    files = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.yaml")}
    by_hand = {name: files.pop(name) for name in ("_task.yaml", "_generate.yaml", "_logprob.yaml")}
    assert files == task_files()
    assert all(by_hand.values())


@pytest.mark.parametrize(
    ("arguments", "applied", "warned"),
    [
        ({}, False, True),
        ({}, True, False),
        ({"recrm_style": "completion"}, False, False),
    ],
)
def test_a_chat_model_without_its_template_is_reported_once(
    byte_tokenizer: str, arguments: dict[str, str], applied: bool, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    rendered_task._warn_once.cache_clear()
    tasks = manager(pretrained=byte_tokenizer, recrm_limit=2, **arguments).load(["recrm_factual", "recrm_behavior"])
    for loaded in tasks["tasks"].values():
        loaded.build_all_requests(limit=1, apply_chat_template=applied, chat_template=lambda turns, **_: str(turns))
    said = [record.message for record in caplog.records if "chat template" in record.message]
    assert len(said) == warned
    assert all("add --apply_chat_template" in message for message in said)


def test_repeated_questions_whose_answers_lm_eval_drops_are_reported(
    plain_byte_tokenizer: str, caplog: pytest.LogCaptureFixture
) -> None:
    rendered_task._warn_once.cache_clear()
    for asked in (1, 3):
        loaded = task("recrm_factual", pretrained=plain_byte_tokenizer, recrm_limit=2)
        loaded.config.repeats = asked
        loaded.build_all_requests()
    (said,) = [record.message for record in caplog.records if "repeats" in record.message]
    assert said.startswith("repeats: 3: lm-eval keeps the first of a record's 3 answers and drops the others")


def test_a_model_without_a_template_is_not(plain_byte_tokenizer: str, caplog: pytest.LogCaptureFixture) -> None:
    task("recrm_factual", pretrained=plain_byte_tokenizer, recrm_limit=2).build_all_requests(limit=1)
    assert "chat template" not in caplog.text
