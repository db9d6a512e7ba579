"""Prompts: what is asked, in which order, and that the gold answer has the right letter."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import recrm_tasks.dimensions as registry
from recrm_tasks.answers.prompt import LANGS, MODES, Prompt
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimension, dimensions
from recrm_tasks.dimensions.ranking import RankingRecord
from recrm_tasks.dimensions.rendering import render
from recrm_tasks.errors import RecrmError
from recrm_tasks.scoring.outcomes import Outcome

ROOT = Path(__file__).resolve().parents[2]
KEYS = ("instruction", "factual", "relevance", "behavior", "ranking")
LABELLED = KEYS[:3]

FIRST_FIELD = {
    "instruction": {"en": "[Rules]\n", "zh": "【要求】\n"},
    "factual": {"en": "[User query]\n", "zh": "【用户问题】\n"},
    "relevance": {"en": "[Query]\n", "zh": "【查询】\n"},
    "behavior": {"en": "[User profile]\n", "zh": "【用户画像】\n"},
    "ranking": {"en": "[User profile]\n", "zh": "【用户画像】\n"},
}
QUESTION = {
    "instruction": {"en": "follow the rules?", "zh": "遵守了要求？"},
    "factual": {"en": "consistent with the evidence?", "zh": "是否与依据一致？"},
    "relevance": {"en": "How relevant is the item to the query?", "zh": "相关程度如何？"},
    "behavior": {"en": "Will this user act on the item", "zh": "该用户会对这个候选项采取行动"},
    "ranking": {"en": "most likely to choose to the least likely", "zh": "从该用户最可能选择的到最不可能选择的排序"},
}
ASKED = {
    "instruction": '{"answer": ',
    "factual": '{"answer": ',
    "relevance": '{"answer": ',
    "behavior": '{"probability": ',
    "ranking": '{"ranking": [',
}


def text_of(prompt):
    """The one message of a prompt."""
    (message,) = prompt.messages
    assert message.role == "user"
    return message.content


def test_five_dimensions_in_the_order_of_the_paper():
    assert tuple(dimensions()) == KEYS
    assert [d.column for d in dimensions().values()] == ["IF", "FC", "QIR", "UBP", "IR"]
    assert [d.primary for d in dimensions().values()] == ["acc", "acc", "acc", "auc", "auc"]


def test_unknown_dimension_names_the_known_ones():
    with pytest.raises(RecrmError, match=r"'relevence'.*instruction, factual, relevance, behavior, ranking"):
        dimension("relevence")


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("lang", LANGS)
def test_shared_instruction_comes_first(key, mode, lang):
    """Prefix caches: all prompts of a language have the whole text up to the record's first field in common."""
    texts = [text_of(p) for p in load(key, "sample").prompts(mode, lang)]
    heads = {text.partition(FIRST_FIELD[key][lang])[0] for text in texts}
    assert len(heads) == 1
    head = heads.pop()
    assert len(head) > 100
    assert QUESTION[key][lang] in head
    assert all(text.startswith(head + FIRST_FIELD[key][lang]) for text in texts)
    tails = {text.rpartition("\n\n")[2] for text in texts}
    assert len(tails) == 1


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("lang", LANGS)
def test_generation_asks_for_json_twice_and_ends_with_a_cue(key, lang):
    """Once where caches share it, once behind the record, where small models still see it."""
    for prompt in load(key, "sample", lang=lang).prompts("generate"):
        text = text_of(prompt)
        assert text.count(ASKED[key]) >= 2
        assert text.endswith({"en": "\nAnswer:", "zh": "\n答案："}[lang])


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("lang", LANGS)
def test_log_probability_asks_for_one_letter(key, lang):
    for prompt in load(key, "sample", lang=lang).prompts("logprob"):
        head, _, _ = text_of(prompt).partition(FIRST_FIELD[key][lang])
        assert {"en": "letter", "zh": "字母"}[lang] in head
        assert "JSON" not in head
        assert text_of(prompt).endswith({"en": "\n\nAnswer:", "zh": "\n\n答案："}[lang])


@pytest.mark.parametrize("key", LABELLED)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("lang", LANGS)
def test_gold_letter_means_the_gold_label(key, mode, lang):
    data = load(key, "sample")
    meaning = {x.name: x.zh if lang == "zh" else x.en for x in data.labels.labels}
    for record, prompt in zip(data.records(), data.prompts(mode, lang), strict=True):
        head, _, _ = text_of(prompt).partition(FIRST_FIELD[key][lang])
        shown = dict(re.findall(r"^([A-Z])\. (.+)$", head, re.MULTILINE))
        assert tuple(shown) == prompt.choices
        assert shown[prompt.choices[prompt.gold]] == meaning[record.label]
        assert prompt.target == f"{prompt.choices[prompt.gold]} ({record.label})"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("lang", LANGS)
def test_letter_of_a_candidate_has_its_grade(mode, lang):
    data = load("ranking", "sample")
    title = {"en": "[Candidates]\n", "zh": "【候选项】\n"}[lang]
    for record, prompt in zip(data.records(), data.prompts(mode, lang), strict=True):
        listing = text_of(prompt).partition(title)[2].partition("\n\n")[0]
        shown = dict(re.findall(r"^([A-Z])\. (.+)$", listing, re.MULTILINE))
        assert tuple(shown) == prompt.choices
        grade = {c.text: g for c, g in zip(record.candidates, record.labels, strict=True)}
        assert tuple(grade[shown[letter]] for letter in prompt.choices) == prompt.gold
        assert json.loads(prompt.target) == [c for c, g in zip(prompt.choices, prompt.gold, strict=True) if g]


@pytest.mark.parametrize("lang", LANGS)
def test_behavior_yes_is_the_first_choice(lang):
    data = load("behavior", "sample")
    for record, prompt in zip(data.records(), data.prompts("logprob", lang), strict=True):
        yes, no = {"en": ("A. yes", "B. no"), "zh": ("A. 会", "B. 不会")}[lang]
        assert f"\n{yes}\n{no}\n" in text_of(prompt)
        assert prompt.gold == record.label
        assert data.dimension.kind.weigh([0.0, -9.0], prompt).value > 0.99


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("lang", LANGS)
def test_everything_that_counts_is_shown_and_nothing_that_tells(key, lang):
    """Every text of the record is in its prompt; its id and `why` are not."""
    data = load(key, "sample")
    hidden = {"id", "dimension", "lang", "source", "split", "meta", "messages", "label", "labels", "category"}
    for record, prompt in zip(data.records(), data.prompts("generate", lang), strict=True):
        text = text_of(prompt)
        for name, value in record.model_dump().items():
            if name in hidden or value is None:
                continue
            for part in value if isinstance(value, list) else [value]:
                if name == "candidates":
                    part = part["text"]
                fields = part.items() if isinstance(part, dict) else [("", part)]
                for field, content in fields:
                    line = f"{field}: " if field else ""
                    assert line + (", ".join(map(str, content)) if isinstance(content, list) else str(content)) in text
        assert record.meta["why"] not in text
        assert record.id not in text


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("lang", LANGS)
def test_forced_language(key, lang):
    """The instruction changes its language, the record does not; by default it is the record's."""
    data = load(key, "sample")
    prompts = (data.prompts("generate", lang), data.prompts("generate"))
    for record, forced, own in zip(data.records(), *prompts, strict=True):
        assert forced.lang == lang
        assert QUESTION[key][lang] in text_of(forced)
        assert own.lang == record.lang
        assert (forced == own) == (record.lang == lang)


@pytest.mark.parametrize("key", dimensions())
def test_a_prompt_knows_its_dimension(key):
    """Also from JSON, which leaves out what is only shown; older logs do not say it in their prompts."""
    prompt = next(iter(load(key, "sample").prompts("logprob")))._replace(record="", category=None)
    entry = json.loads(json.dumps(prompt.to_json()))
    assert Prompt.from_json(entry) == prompt
    assert prompt.dimension == key
    del entry["dimension"]
    assert Prompt.from_json(entry) == prompt._replace(dimension="")


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("mode", MODES)
def test_ready_prompt_is_used_as_it_is(key, mode):
    dim = dimension(key)
    messages = [{"role": "system", "content": "S"}, {"role": "user", "content": " Q \n"}]
    bare = {"id": "x", "dimension": key, "lang": "en", "source": "s", "messages": messages}
    bare |= {
        "behavior": {"label": 1},
        "ranking": {"candidates": [{"id": i, "text": i} for i in "zyxw"], "labels": [0, 2, 0, 1]},
    }.get(key, {"label": dim.default_labels.names[1] if dim.default_labels else ""})
    record = dim.record_type.model_validate(bare)
    prompt = dim.prompt(record, dim.default_labels, mode, "zh")
    assert [m.model_dump() for m in prompt.messages] == messages
    assert prompt.gold == {"behavior": 1, "ranking": (0, 2, 0, 1)}.get(key, 1)


def wide_record(count):
    """A ranking record with this number of candidates; only the last one is positive."""
    return RankingRecord(
        id="wide",
        dimension="ranking",
        lang="en",
        source="s",
        profile="p",
        history=[],
        context="c",
        candidates=[{"id": f"c{i}", "text": f"place {i}"} for i in range(count)],
        labels=[0] * (count - 1) + [1],
    )


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("lang", LANGS)
def test_thirty_candidates_have_numbers(mode, lang):
    """And are called numbers: who is asked for letters invents some."""
    record = wide_record(30)
    prompt = dimension("ranking").prompt(record, None, mode, lang)
    assert prompt.choices == tuple(str(i) for i in range(1, 31))
    name = next(c for c, g in zip(prompt.choices, prompt.gold, strict=True) if g)
    assert f"\n{name}. place 29\n" in text_of(prompt)
    assert {"en": "letter", "zh": "字母"}[lang] not in text_of(prompt)


def test_twenty_six_candidates_have_letters():
    assert dimension("ranking").prompt(wide_record(26), None, "generate").choices[-1] == "Z"


def test_shown_order_does_not_depend_on_file_order():
    for record in load("ranking", "sample").records():
        turned = record.model_copy(update={"candidates": record.candidates[::-1], "labels": record.labels[::-1]})
        one, two = (dimension("ranking").prompt(r, None, "generate") for r in (record, turned))
        assert text_of(one) == text_of(two)
        assert one.gold == two.gold


def test_shown_order_gives_nothing_away():
    """The positive of 1,000 lists of five, always first in the file, is shown at each place about equally often."""
    base = wide_record(5)
    places = [0] * 5
    for i in range(1000):
        prompt = dimension("ranking").prompt(
            base.model_copy(update={"id": f"r{i}", "labels": [1, 0, 0, 0, 0]}), None, "generate"
        )
        places[prompt.gold.index(1)] += 1
    assert min(places) > 150
    assert max(places) < 250


PRINT_PROMPTS = """
import hashlib
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimensions
for key in dimensions():
    for mode in ("generate", "logprob"):
        print(hashlib.sha256(repr(list(load(key, "sample").prompts(mode))).encode()).hexdigest())
"""


@pytest.mark.slow
def test_prompts_do_not_depend_on_the_hash_seed():
    seen = set()
    for seed in ("0", "1"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        done = subprocess.run([sys.executable, "-c", PRINT_PROMPTS], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        seen.add(done.stdout)
    assert len(seen) == 1
    assert len(seen.pop().splitlines()) == 10


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("lang", [None, *LANGS])
def test_right_answers_score_perfectly_and_wrong_ones_do_not(key, lang):
    data = load(key, "sample")
    dim = data.dimension
    right, wrong = [], []
    for prompt in data.prompts("generate", lang):
        gold = prompt.gold
        if key == "behavior":
            answers = [json.dumps({"probability": p}) for p in (gold, 1 - gold)]
        elif key == "ranking":
            best = sorted(prompt.choices, key=lambda c: -gold[prompt.choices.index(c)])
            answers = [json.dumps({"ranking": names}) for names in (best, best[::-1])]
        else:
            answers = [json.dumps({"answer": prompt.choices[i]}) for i in (gold, gold - 1)]
        right.append(Outcome.of(prompt.id, gold, dim.kind.read(answers[0], prompt)))
        wrong.append(Outcome.of(prompt.id, gold, dim.kind.read(answers[1], prompt)))
    good, bad = dim.metrics(right), dim.metrics(wrong)
    assert good["coverage"].value == bad["coverage"].value == 1
    assert good["score"].value == 1
    assert bad["score"].value == 0
    assert all(dim.kind.credit(o) == 1 for o in right)
    assert all(dim.kind.credit(o) == 0 for o in wrong)
    for name in ("acc", "auc", "f1", "f1_macro", "hr@3", "ndcg@3", "ndcg@5", "mrr"):
        if name in good:
            assert good[name].value == pytest.approx(1), name


@pytest.mark.parametrize("key", KEYS)
def test_log_probabilities_of_the_right_answer_score_perfectly(key):
    data = load(key, "sample")
    found = []
    for prompt in data.prompts("logprob"):
        golds = {"ranking": lambda g: g, "behavior": lambda g: (g, 1 - g)}.get(
            key,
            lambda g: tuple(int(i == g) for i in range(len(prompt.choices))),  # noqa: B023
        )(prompt.gold)
        answer = data.dimension.kind.weigh([0.0 if g else -5.0 - i for i, g in enumerate(golds)], prompt)
        found.append(Outcome.of(prompt.id, prompt.gold, answer))
    assert data.dimension.metrics(found)["score"].value == 1


SIXTH = '''
from recrm_tasks.dimensions.factual import FactualDimension

class TestedSixth(FactualDimension):
    """One file in the package's path is all."""

    key = "sixth"
    position = 6
'''


def test_a_new_file_registers_a_sixth_dimension(tmp_path):
    """In a process of its own: a class once made stays among the subclasses of `Dimension`."""
    (tmp_path / "sixth_of_a_test.py").write_text(SIXTH, encoding="utf-8")
    script = (
        "import sys, recrm_tasks.dimensions as d\n"
        "d.__path__.append(sys.argv[1])\n"
        "print(*d.dimensions())\n"
        "print(d.dimension('sixth').title, d.dimension('factual').key)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [" ".join([*KEYS, "sixth"]), "factual consistency factual"]
    assert "sixth" not in registry.dimensions()


def test_render():
    assert render("as it is\n ") == "as it is\n "
    assert render({"a": 1, "b": [1, "x", None, 4.0], "c": True, "d": None}) == "a: 1\nb: 1, x, 4\nc: true"
    assert render({"a": {"b": None, "c": 4.0}, "d": [[1], "x"]}) == 'a: {"b":null,"c":4.0}\nd: [[1],"x"]'
    assert (render(4.0), render(4.5), render(1e300), render(None)) == ("4", "4.5", "1e+300", "None")
