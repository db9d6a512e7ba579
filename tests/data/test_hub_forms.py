"""Row forms of the published files: what leaves no doubt is read at once, and what does asks once.

The way out that is printed is followed here to the right number of records and of each label.
"""

from __future__ import annotations

import json
import re
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hub_forms import FORMS, PATHS, questions, uncomment

from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimension
from recrm_tasks.errors import RecrmError


def put(folder, form):
    """The form's file under its published path."""
    file = folder / PATHS[form.key]
    file.parent.mkdir(parents=True)
    file.write_text(form.text, encoding="utf-8")
    return folder


def labels_of(records):
    """The number of each label, also of candidates in no list; of lists, those with one positive."""
    if records and hasattr(records[0], "labels"):
        if all(len(r.labels) == 1 for r in records):
            return dict(Counter(str(r.labels[0]) for r in records))
        return {"lists": sum(sorted(r.labels) == [0, 0, 0, 1] for r in records)}
    return dict(Counter(str(r.label) for r in records))


def asked(key, data):
    """What a model is asked for each record."""
    records = list(data.records())
    alone = {"ask": "item"} if all(len(getattr(r, "labels", [0, 1])) == 1 for r in records) else {}
    prompts = (p for r in records for p in dimension(key).prompts(r, data.labels, "generate", **alone))
    return ["\n".join(m.content for m in p.messages) for p in prompts]


@pytest.mark.parametrize("name", FORMS)
def test_form(name, tmp_path, capsys):
    form = FORMS[name]
    folder, mapping = put(tmp_path / "hub", form), tmp_path / "mapping.yaml"
    inspect = ["data", "inspect", str(folder), "--dimension", form.key]
    options = {}
    if form.answers:
        with pytest.raises(RecrmError) as caught:
            load(form.key, str(folder))
        for answer in form.answers:
            assert f"    {answer}" in str(caught.value)
        assert main([*inspect, "--to", str(mapping)]) == 2
        uncomment(mapping, form.answers)
        options = {"mapping": str(mapping)}
        inspect += ["--mapping", str(mapping)]
    found = load(form.key, str(folder), split="all", ask=None, **options)
    records = list(found.records())
    assert labels_of(records) == form.labels
    said = "\n".join(asked(form.key, found))
    for question in questions(form.key):
        for text in form.says(question):
            assert text in said
    assert main([*inspect, "--to", str(tmp_path / "again.yaml")]) == 0
    assert f"{form.key}: {len(records)} records" in capsys.readouterr().out


def what_follows(key, folder, mapping):
    """What a run does with a mapping."""
    try:
        load(key, str(folder), split="all", mapping=str(mapping))
    except RecrmError as error:
        asks = re.search("still to be decided|cannot be read with certainty", str(error))
        return "asks" if asks else str(error)
    return "runs"


@pytest.mark.parametrize("name", [n for n, f in FORMS.items() if f.answers])
def test_every_answer_that_is_offered_starts_a_run_or_asks_what_is_left(name, tmp_path):
    """No line that can be uncommented is a dead end: each is read, or leads to a question about something else."""
    form = FORMS[name]
    folder, mapping = put(tmp_path / "hub", form), tmp_path / "mapping.yaml"
    assert main(["data", "inspect", str(folder), "--dimension", form.key, "--to", str(mapping)]) == 2
    written = mapping.read_text(encoding="utf-8")
    offered = [line.strip()[1:].partition("   #")[0] for line in written.splitlines() if re.match(r" *#\S", line)]
    assert offered
    for answer in offered:
        if re.search("COLUMN|REGULAR|KEY|…", answer):  # a person writes there
            continue
        mapping.write_text(written, encoding="utf-8")
        uncomment(mapping, [answer])
        assert what_follows(form.key, folder, mapping) in ("runs", "asks"), answer


def test_the_meaning_of_a_label_is_asked_with_a_whole_prompt(tmp_path):
    form = FORMS["prompt and 0 or 1"]
    with pytest.raises(RecrmError) as caught:
        load("factual", str(put(tmp_path, form)))
    shown = re.sub(r"(?m)^  \|", "", str(caught.value))
    prompt = next(q for q in questions("factual") if q["yes"])
    assert "".join(form.row(prompt)["prompt"].split()) in "".join(shown.split())
    assert "=> the label in label: 1" in shown


def test_two_files_whose_labels_mean_the_opposite(tmp_path):
    """Each file is read by its own columns."""
    folder = tmp_path / "factual"
    folder.mkdir()
    for file, name in (("a", "columns, is_hallucination"), ("b", "columns, float")):
        (folder / f"{file}.jsonl").write_text(FORMS[name].text, encoding="utf-8")
    found = load("factual", str(tmp_path), split="all")
    assert labels_of(list(found.records())) == {"consistent": 16, "inconsistent": 8}


def test_pairs_share_their_group(tmp_path):
    found = load("factual", str(put(tmp_path, FORMS["pairs of answers"])), split="all")
    groups = Counter(r.group for r in found.records())
    assert len(groups) == 12
    assert set(groups.values()) == {2}


def test_class_names_of_a_parquet_file(tmp_path):
    """A ClassLabel says what its numbers mean."""
    rows = [FORMS["prompt and 0 or 1"].row(q) for q in questions("factual")]
    table = pa.table({"prompt": [r["prompt"] for r in rows], "label": [1 - r["label"] for r in rows]})
    names = ["faithful", "hallucinated"]
    features = {"label": {"names": names, "_type": "ClassLabel"}, "prompt": {"dtype": "string", "_type": "Value"}}
    written = {"huggingface": json.dumps({"info": {"features": features}})}
    pq.write_table(table.replace_schema_metadata(written), tmp_path / "factual.parquet")
    records = list(load("factual", str(tmp_path)).records())
    assert labels_of(records) == {"consistent": 8, "inconsistent": 4}


BESIDE = {
    "system": lambda q: q["system"],
    "query": lambda q: q["query"],
    "evidence": lambda q: q["evidence"],
    "response": lambda q: q["response"],
    "notes": lambda q: "A long note of the one who labelled it, on what was looked at and how long it took.",
}
PROMPTS = {
    "prompt": lambda q: q["asks"],
    "messages": lambda q: [{"role": "user", "content": q["asks"]}],
    "conversations": lambda q: [{"from": "human", "value": q["asks"]}, {"from": "gpt", "value": q["good"]}],
}


@pytest.mark.parametrize("prompt", PROMPTS)
def test_nothing_that_a_prompt_may_need_is_left_out_without_a_question(prompt, tmp_path):
    """Every choice of columns beside a prompt: what is read at once has all of their texts."""
    read, columns = 0, list(BESIDE)
    for chosen in range(2 ** len(columns)):
        names = [c for i, c in enumerate(columns) if chosen >> i & 1]
        rows = [
            {
                prompt: PROMPTS[prompt](q),
                **{c: BESIDE[c](q) for c in names},
                "label": "faithful" if q["yes"] else "fail",
            }
            for q in questions("factual")
        ]
        file = tmp_path / f"{chosen}" / "factual.jsonl"
        file.parent.mkdir()
        file.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
        try:
            found = load("factual", str(file.parent))
        except RecrmError:
            continue
        read += 1
        said = "\n".join(asked("factual", found))
        for row in rows:
            texts = [row[c] for c in names] + [PROMPTS["prompt"](q) for q in questions("factual")]
            assert all(t in said for text in texts for t in (text if isinstance(text, list) else [text])), names
    assert read == (0 if prompt == "conversations" else 2)
