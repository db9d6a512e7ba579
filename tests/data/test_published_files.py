"""The files that the hub has, read through a stand-in of it, from `recrm data inspect hub` to an export."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter

import pyarrow.parquet as pq
import pytest
from hub_forms import FORMS, PATHS, uncomment
from hub_server import COMMIT, OLDER, closed_port, hf_download, recrm, run_client, serving

from recrm_tasks.data.mapping.layout import place
from recrm_tasks.data.sources.published_files import Content, compared, published_files
from recrm_tasks.dimensions import dimensions

BESIDE = {
    "README.md": "---\nlicense: apache-2.0\nlanguage:\n- zh\n- en\n---\n# RecRM-Bench",
    "assets/fig.png": b"\x89PNG",
}
SIZE, SHA = 319_447_484, "6af63404ea16be4d5534bddccff62fb707ef617d12aaed111733a966fee2e84e"
RANKING = PATHS["ranking"]


def test_every_dimension_has_one_published_file_that_its_path_gives_to_it():
    known = published_files()
    assert [file.dimension for file in known.values()] == list(dimensions())
    placed = {p.name: p for p in place([*known, *BESIDE, ".gitattributes"], BESIDE["README.md"])}
    assert set(placed) == set(known)
    for path, file in known.items():
        assert placed[path].dimensions == (file.dimension,)
        assert placed[path].split is None


def test_facts_of_a_file_are_whole():
    for file in published_files().values():
        assert (file.size is None) == (file.sha256 is None)
        assert file.sha256 is None or len(bytes.fromhex(file.sha256)) == 32
    assert published_files()[RANKING][2:] == (SIZE, SHA)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (Content(SIZE, SHA), "published: 319,447,484 bytes, and the SHA-256 is the same"),
        (Content(SIZE, None), "published: 319,447,484 bytes (its SHA-256 is not available to compare)"),
        (Content(SIZE, "0" * 64), "another file than the published one, of the same size: SHA-256 000000000000…"),
        (Content(7, SHA), "another file than the published one: 7 bytes, not 319,447,484"),
    ],
)
def test_a_file_with_known_facts(content, said):
    assert dict(compared({RANKING: content}, whole=True))[RANKING].startswith(said)


def test_a_file_of_which_only_the_path_is_known_a_new_one_and_those_that_lack():
    said = dict(compared({PATHS["factual"]: Content(9, "0" * 64), "data/more.jsonl": Content(1, None)}, whole=True))
    assert said[PATHS["factual"]].startswith("at a published path: 9 bytes (what was published there is not known)")
    assert said["data/more.jsonl"] == "new: not among the published files"
    assert said[RANKING] == "published, but not in this commit"
    assert dict(compared({}, whole=False))[RANKING] == "published, but not downloaded"
    assert len(said) == len(PATHS) + 1


# --- whole hubs: five files, each in a form of its own ---------------------------------------------------------------

HUBS = {
    "ready prompts in turns": {
        "instruction": "conversations with a system column",
        "factual": "messages, behind thinking",
        "relevance": "prompt and words",
        "behavior": "messages, JSON behind thinking",
        "ranking": "messages beside candidates",
    },
    "ready prompts in columns": {
        "instruction": "alpaca",
        "factual": "query and response, in tags",
        "relevance": "prompt and item",
        "behavior": "query and response, acts or not",
        "ranking": "number of the chosen",
    },
    "columns in Chinese": {
        "instruction": "columns in Chinese, followed or not",
        "factual": "columns in Chinese, whether there is a hallucination",
        "relevance": "columns in Chinese",
        "behavior": "columns in Chinese without a context",
        "ranking": "candidates beside items and clicked",
    },
    "what trainers write": {
        "instruction": "chosen and rejected turns",
        "factual": "verl",
        "relevance": "numbers",
        "behavior": "a long prompt and 0 or 1",
        "ranking": "ids of the clicked",
    },
    "a row or a prompt for each item": {
        "instruction": "alpaca",
        "factual": "messages, JSON beside a reason",
        "relevance": "prompt and words",
        "behavior": "prompt and item beside a click",
        "ranking": "a prompt for each candidate",
    },
    "rankings in the text": {
        "instruction": "columns in Chinese, followed or not",
        "factual": "query and response, with system",
        "relevance": "columns in Chinese",
        "behavior": "messages, JSON behind thinking",
        "ranking": "candidates in the text, best first",
    },
    "rankings without lists": {
        "instruction": "alpaca",
        "factual": "verl",
        "relevance": "columns in Chinese",
        "behavior": "columns in Chinese without a context",
        "ranking": "a prompt for each candidate, no lists",
    },
    "a label that nobody can know": {
        "instruction": "messages, the last turn is judged",
        "factual": "prompt and 0 or 1",
        "relevance": "more numbers than labels",
        "behavior": "columns with a context of another name",
        "ranking": "grades in the candidates",
    },
}
slow = pytest.mark.slow  # a process for each command


def files_of(hub):
    """The published paths, and what stands beside them."""
    return {**BESIDE, **{PATHS[key]: FORMS[name].text for key, name in hub.items()}}


def exported(folder, key):
    """How many records an export has of each label, also of candidates in no list, or lists with one positive."""
    table = pq.read_table(folder / key / "rows.parquet")
    if key == "ranking":
        grades = table["labels"].to_pylist()
        if all(len(labels) == 1 for labels in grades):
            return dict(Counter(str(labels[0]) for labels in grades))
        return {"lists": sum(sorted(labels) == [0, 0, 0, 1] for labels in grades)}
    return dict(Counter(map(str, table["label"].to_pylist())))


@slow
@pytest.mark.parametrize("name", HUBS)
def test_a_hub_is_read_or_asks_once(name, tmp_path):
    """Inspect, the lines that it asks for, inspect again, export: the right counts, and the right number of labels."""
    hub = HUBS[name]
    answers = [line for form in hub.values() for line in FORMS[form].answers]
    with serving(files_of(hub)) as server:
        server.lfs = set(PATHS.values())
        first = recrm(["data", "inspect", "hub"], server.url, tmp_path)
        assert first.returncode == (2 if answers else 0), first.stderr
        for path in PATHS.values():
            assert f"  {path}: " in first.stdout
        assert "published one: " in first.stdout  # no stand-in has the published size
        mapping = tmp_path / "mapping.yaml"
        uncomment(mapping, answers)
        again = recrm(["data", "inspect", "hub", "--mapping", "mapping.yaml"], server.url, tmp_path)
        assert again.returncode == 0, again.stderr
        assert again.stderr == ""
        done = recrm(["data", "export", "hub", "--mapping", "mapping.yaml", "--to", "out"], server.url, tmp_path)
        assert done.returncode == 0, done.stderr
    for key, form in hub.items():
        assert exported(tmp_path / "out", key) == FORMS[form].labels, form
        assert f"\n{key}: {sum(FORMS[form].labels.values())} records" in again.stdout
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert {part["revision"] for part in manifest["dimensions"].values()} == {COMMIT}


def test_the_hubs_together_have_twelve_forms_or_more_of_which_some_ask():
    used = {form for hub in HUBS.values() for form in hub.values()}
    assert len(used) >= 12
    assert all(set(hub) == set(PATHS) for hub in HUBS.values())
    assert any(FORMS[form].answers for form in used)


@slow
def test_inspect_says_what_each_file_is(tmp_path):
    hub = {k: v for k, v in HUBS["columns in Chinese"].items() if k != "ranking"}
    with serving({**files_of(hub), "data/extra.jsonl": '{"note": 1}\n'}) as server:
        done = recrm(["data", "inspect", "hub"], server.url, tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"  {PATHS['factual']}: at a published path: " in done.stdout
    assert f"  {PATHS['behavior']}: another file than the published one: " in done.stdout
    assert "  data/extra.jsonl: new: not among the published files\n" in done.stdout
    assert f"  {RANKING}: published, but not in this commit\n" in done.stdout
    assert "not read    1 file of no dimension by name: data/extra.jsonl" in done.stdout


LISTING = """
import json
from recrm_tasks.data.sources.hub import listing
found = listing()
print(json.dumps([found.whole, found.files]))
"""


@slow
def test_the_sha256_of_a_file_is_known_without_reading_it(tmp_path):
    """From the hub's list; offline from the client's list, and without one from the names of the files in its cache."""
    files = files_of(HUBS["columns in Chinese"])
    sizes = {n: len(c.encode() if isinstance(c, str) else c) for n, c in files.items()}
    shas = {path: hashlib.sha256(files[path].encode()).hexdigest() for path in PATHS.values()}
    contents = {name: [size, shas.get(name)] for name, size in sizes.items()}
    offline = {"HF_HUB_OFFLINE": "1"}
    with serving(files) as server:
        server.lfs = set(PATHS.values())
        online = run_client(LISTING, [], server.url, tmp_path)
        assert json.loads(online) == [True, contents]
        assert server.downloaded == {"README.md"}
        assert run_client(LISTING, [], closed_port(), tmp_path, **offline) == online
        hf_download([], server.url, tmp_path)
    shutil.rmtree(tmp_path / "recrm")
    assert json.loads(run_client(LISTING, [], closed_port(), tmp_path, **offline)) == [True, contents]
    shutil.rmtree(next((tmp_path / "hf").rglob("trees")))  # as clients before 2.0 leave it
    found = json.loads(run_client(LISTING, [], closed_port(), tmp_path, **offline))
    assert found == [False, contents]


# --- a hub that changes ----------------------------------------------------------------------------------------------


@slow
def test_a_branch_that_moves_between_inspect_and_run(tmp_path):
    """Results carry the commit that was read; a mapping that was made from another one says so, and is used."""
    form = FORMS["prompt and 0 or 1"]
    path = PATHS["factual"]
    with serving({**BESIDE, path: form.text}) as server:
        assert recrm(["data", "inspect", "hub"], server.url, tmp_path).returncode == 2
        uncomment(tmp_path / "mapping.yaml", form.answers)
        server.add(OLDER, {**BESIDE, path: form.text.replace("Mon", "Monday")}, "main")
        done = recrm(["data", "export", "hub", "--mapping", "mapping.yaml", "--to", "out"], server.url, tmp_path)
        moved = (
            f"mapping.yaml was made from wwzeng/RecRM-Bench at {COMMIT}, and is used for wwzeng/RecRM-Bench at {OLDER}"
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr.count(moved) == 1
        (part,) = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))["dimensions"].values()
        assert part["revision"] == OLDER
        assert moved in part["mapping_note"]
        assert exported(tmp_path / "out", "factual") == form.labels
        # Of another form, the message names both commits too.
        server.add("a" * 40, {**BESIDE, path: FORMS["verl"].text}, "main")
        done = recrm(["data", "inspect", "hub", "--mapping", "mapping.yaml"], server.url, tmp_path)
        assert done.returncode == 2
        assert "no row has a column" in done.stderr
        assert f"used for wwzeng/RecRM-Bench at {'a' * 40}" in done.stderr.splitlines()[-1]


MOVED = """
import json, sys, urllib.request
from recrm_tasks.data import load
first = load("factual", split="all")
urllib.request.urlopen(sys.argv[1] + "/move").read()
second = load("relevance", split="all")
print(json.dumps([first.provenance["revision"], second.provenance["revision"]]))
"""


@slow
def test_a_run_reads_one_commit_though_the_branch_moves_meanwhile(tmp_path):
    files = {**BESIDE, PATHS["factual"]: FORMS["verl"].text, PATHS["relevance"]: FORMS["prompt and words"].text}
    with serving(files) as server:
        server.files[OLDER] = files
        server.moves_to = OLDER
        found = json.loads(run_client(MOVED, [server.url], server.url, tmp_path))
        assert server.revisions["main"] == OLDER
    assert found == [COMMIT, COMMIT]
