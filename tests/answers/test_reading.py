"""Reading answers: what counts as one, what never does, and that any text at all is read in linear time."""

from __future__ import annotations

import json
import re
import time
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recrm_tasks.answers.label_sets import Label, LabelSet
from recrm_tasks.answers.prompt import LANGS
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimension, dimensions
from recrm_tasks.dimensions.factual import FactualRecord
from recrm_tasks.scoring.outcomes import Answer, Reason

KEYS = ("instruction", "factual", "relevance", "behavior", "ranking")
LABELLED = KEYS[:3]


@cache
def sample_prompts(key, lang="zh"):
    """Prompts of the sample; a ranking has at least five candidates first."""
    prompts = list(load(key, "sample", lang=lang).prompts("generate"))
    return sorted(prompts, key=lambda p: -len(p.choices)) if key == "ranking" else prompts


@cache
def many_candidates():
    """A ranking prompt whose candidates have numbers."""
    record = next(load("ranking", "sample").records())
    candidate = record.candidates[0]
    wide = record.model_copy(
        update={
            "candidates": [candidate.model_copy(update={"id": f"c{i}"}) for i in range(30)],
            "labels": [1] + [0] * 29,
        }
    )
    return dimension("ranking").prompt(wide, None, "generate")


def read(key, text, lang="zh"):
    """What the dimension reads in a text."""
    return dimension(key).kind.read(text, sample_prompts(key, lang)[0])


def order(names, choices="ABCDEFG"):
    """The scores of a stated order, as DESIGN.md has it: those left out share the bottom."""
    return tuple(float(len(choices) - names.index(c)) if c in names else 0.0 for c in choices)


# --- labels: accepted forms ------------------------------------------------------------------------------------------

LABEL_FORMS = [
    '{"answer": "B"}',
    '{"answer":"b"}',
    ' { "Answer" : "B" } ',
    '{"label": "B"}',
    '{"答案": "B"}',
    '{"标签": "B"}',
    '{"reason": "the order is wrong, A would be odd", "answer": "B"}',
    '{"answer": "B", "reason": "not A"}',
    '{"answer": "(B)"}',
    '{"answer": "B."}',
    '{"answer": "B", "answer_reason": "x"}',
    '```json\n{"answer": "B"}\n```',
    '```\n{"answer": "B"}\n```',
    '~~~json\n{"answer": "B"}\n~~~',
    'Here is my verdict:\n```json\n{"answer": "B"}\n```\nI hope this helps.',
    '[{"answer": "B"}]',
    "Answer: B",
    "answer: b",
    "ANSWER = B",
    "Answer : B.",
    "Answer:\nB",
    "**Answer:** B",
    "**Answer**: **B**",
    "Answer: (B)",
    "Answer: [B]",
    'Answer: "B"',
    "Answer: `B`",
    "Answer: option B",
    "The answer is B.",
    "The answer is: B",
    "The correct answer would be B.",
    "Final answer: B\n\nThe order of the list is wrong.",
    "Step by step, rule 2 is broken.\nAnswer: B",
    "答案：B",
    "答案是B。",
    "答案为：B",
    "标签：B",
    "答案：选项B",
    "答案：选B",
    "B",
    "b",
    "B.",
    "(B)",
    "[B]",
    "B)",
    "option B",
    "选项B",
    "Ｂ",
    "Ｂ。",
    "（Ｂ）",
    "｛＂answer＂：＂Ｂ＂｝",
    "答案：Ｂ",
    "**B**",
    "*B*",
    "`B`",
    '"B"',
    "“B”",
    "「B」",
    "# B",
    "> B",
    r"\boxed{B}",
    r"$\boxed{B}$",
    r"\boxed{\text{B}}",
    r"So the verdict is \boxed{B}.",
    r"Answer: $\boxed{B}$",
    "I checked every rule.\n\n**B**",
    "I checked every rule.\nB",
    "\n\n B \n",
    "B\r\n",
    "B: the list is not sorted.",
    "B, the list is not sorted",
    "B - the list is not sorted",
    "B – the list is not sorted",
    "B。第二条没有做到。",
    "B、第二条没有做到",
    "B (the list is not sorted)",
    "**B**. The list is not sorted.",
    "<think>A? No.</think>B",
    "<think>\nAnswer: A\n</think>\n\nAnswer: B",
    "Answer: A, I thought at first.</think>\n\nAnswer: B",
    '<thinking>A</thinking>{"answer": "B"}',
    "<THINK>A</THINK>B",
    "<thought>A</thought>B",
    "<reasoning>A</reasoning>B",
    "◁think▷A◁/think▷B",
    "<think></think>B",
    "<think>one</think><think>two</think>B",
]


@pytest.mark.parametrize("key", LABELLED)
@pytest.mark.parametrize("text", LABEL_FORMS)
def test_second_label_in_any_accepted_form(key, text):
    assert read(key, text) == Answer(1)


@pytest.mark.parametrize("key", LABELLED)
@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("form", ['{{"answer": {}}}', "{}", "Answer: {}", "答案：{}", "**{}**", "Answer:\n\n{}"])
def test_every_word_of_a_label_names_it(key, lang, form):
    """Both languages' words are known to both prompts: models switch."""
    prompt = sample_prompts(key, lang)[0]
    for index, label in enumerate(dimension(key).default_labels.labels):
        for word in (label.name, label.zh, label.en, *label.words, label.name.upper(), label.en.capitalize()):
            written = json.dumps(word, ensure_ascii=False) if "{{" in form else word
            text = form.format(written)
            assert dimension(key).kind.read(text, prompt) == Answer(index), text


@pytest.mark.parametrize("key", LABELLED)
@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("dash", [". ", ": ", "：", "、", " - "])
def test_letter_with_a_meaning_behind_it(key, lang, dash):
    """`B. meaning of B` is B; `A. meaning of B` says two things."""
    prompt = sample_prompts(key, lang)[0]
    labels = dimension(key).default_labels.labels
    for index, letter in enumerate(prompt.choices):
        for other, label in enumerate(labels):
            for meaning in (label.zh, label.en, label.name):
                text = f"{letter}{dash}{meaning}"
                right = Answer(index) if other == index else Answer.invalid(Reason.AMBIGUOUS)
                assert dimension(key).kind.read(text, prompt) == right, text


# --- labels: what is no answer ---------------------------------------------------------------------------------------

LABEL_INVALID = [
    ("", Reason.EMPTY),
    (" \n\t　", Reason.EMPTY),
    ("<think>A</think>", Reason.EMPTY),
    ("<think>A</think>\n \n", Reason.EMPTY),
    ("A</think>", Reason.EMPTY),
    ("<think>The answer is A", Reason.TRUNCATED),
    ("Answer: A\n<think>but wait", Reason.TRUNCATED),
    ("<think>x</think>Answer: A<think>", Reason.TRUNCATED),
    ('{"answer": "A', Reason.TRUNCATED),
    ('{"answer": "A"', Reason.TRUNCATED),
    ('{"answer":', Reason.TRUNCATED),
    ('{"answer', Reason.TRUNCATED),
    ('{"reason": "the first rule', Reason.TRUNCATED),
    ("I cannot tell.", Reason.NO_ANSWER),
    ("{}", Reason.NO_ANSWER),
    ('{"answer": null}', Reason.NO_ANSWER),
    ('{"answer": ""}', Reason.NO_ANSWER),
    ('{"answer": "<letter>"}', Reason.NO_ANSWER),
    ('{"answer": "<字母>"}', Reason.NO_ANSWER),
    ('{"topic": "A"}', Reason.NO_ANSWER),
    ("The answer is not A", Reason.NO_ANSWER),
    ("Answer: A or B", Reason.AMBIGUOUS),
    ("A good list of places", Reason.NO_ANSWER),
    ("I. think so", Reason.NO_ANSWER),
    ("a. first rule is kept", Reason.NO_ANSWER),
    ("!!!", Reason.NO_ANSWER),
    ("{{{{", Reason.NO_ANSWER),
    ('{"answer": "A"}\n{"answer": "B"}', Reason.AMBIGUOUS),
    ('{"answer": "A", "answer": "B"}', Reason.AMBIGUOUS),
    ('{"answer": "A", "label": "B"}', Reason.AMBIGUOUS),
    ('{"answer": "A"}\nAnswer: B', Reason.AMBIGUOUS),
    ("Answer: A\nAnswer: B", Reason.AMBIGUOUS),
    ("Answer: A, B", Reason.AMBIGUOUS),
    ("Answer: A (B is wrong)", Reason.AMBIGUOUS),
    (r"\boxed{A} or \boxed{B}", Reason.AMBIGUOUS),
    ("A\nB", Reason.AMBIGUOUS),
    ("**A** or **B**", Reason.AMBIGUOUS),
    ("**A**\n**B**", Reason.AMBIGUOUS),
    ("A. no\nB. yes", Reason.AMBIGUOUS),
    ("Answer: A\nAnswer: Z", Reason.AMBIGUOUS),
    ('{"answer": "Z"}', Reason.OUT_OF_RANGE),
    ("Answer: Z", Reason.OUT_OF_RANGE),
    ("Z", Reason.OUT_OF_RANGE),
    (r"\boxed{Z}", Reason.OUT_OF_RANGE),
    ('{"answer": 7}', Reason.OUT_OF_RANGE),
    ('{"answer": 0.5}', Reason.OUT_OF_RANGE),
]


@pytest.mark.parametrize("key", LABELLED)
@pytest.mark.parametrize(("text", "reason"), LABEL_INVALID)
def test_label_reasons(key, text, reason):
    assert read(key, text) == Answer.invalid(reason)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("thing", [None, 1, 0.5, ["A"], {"answer": "A"}, b"A"])
def test_what_is_no_text_is_empty(key, thing):
    assert read(key, thing) == Answer.invalid(Reason.EMPTY)


@pytest.mark.parametrize(
    ("key", "text", "wrong"),
    [
        ("instruction", "The response does not **follow** rule 3.", 0),
        ("instruction", "It never **violates** the limit of three places.", 1),
        ("factual", "The price is **consistent** with the evidence, but the opening hours are wrong.", 0),
        ("factual", "回复与依据并不**一致**。", 0),
        ("relevance", "It is hardly **relevant** to the query.", 0),
    ],
)
def test_word_stressed_within_a_sentence_is_no_answer(key, text, wrong):
    """What a stressed word means depends on the sentence around it; a reader that never guesses leaves it alone."""
    assert read(key, text).value != wrong


def test_own_labels_named_by_numbers():
    """Grades are often called 0 to 3; as a JSON number they are the same names."""
    labels = LabelSet(
        labels=tuple(Label(name=str(g), value=g / 3, zh=f"第{g}级", en=f"grade {g}") for g in (3, 2, 1, 0))
    )
    record = FactualRecord(
        id="x", dimension="factual", lang="en", source="s", query="q", evidence=["e"], response="r", label="2"
    )
    prompt = dimension("factual").prompt(record, labels, "generate")
    assert prompt.choices == ("A", "B", "C", "D")
    assert prompt.gold == 1
    for text in ('{"answer": "2"}', "Answer: 2", "2", "grade 2", "B", '{"answer": 2}'):
        assert dimension("factual").kind.read(text, prompt) == Answer(1), text


# --- probabilities ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"probability": 0.7}', 0.7),
        ('{"probability": "0.7"}', 0.7),
        ('{"probability": "70%"}', 0.7),
        ('{"Probability": 1}', 1.0),
        ('{"probability": 0}', 0.0),
        ('{"probability": 1e-3}', 0.001),
        ('{"概率": 0.7}', 0.7),
        ('{"可能性": 0.7}', 0.7),
        ('{"answer": 0.7}', 0.7),
        ('{"probability": 0.7, "reason": "in 3 of 5 weeks"}', 0.7),
        ('```json\n{"probability": 0.7}\n```', 0.7),
        ("Probability: 0.7", 0.7),
        ("**Probability:** 0.7", 0.7),
        ("The probability is 0.7.", 0.7),
        ("Answer: 70%", 0.7),
        ("Answer: 70 %", 0.7),
        ("概率：0.7", 0.7),
        ("概率为0.7", 0.7),
        ("概率：７０％", 0.7),
        ("0.7", 0.7),
        ("０．７", 0.7),
        (".7", 0.7),
        ("0.70", 0.7),
        ("0.7.", 0.7),
        ("70%", 0.7),
        ("7e-1", 0.7),
        ("about 0.7", 0.7),
        ('{"probability": [0.7]}', 0.7),
        ("100%", 1.0),
        ("1", 1.0),
        ("0", 0.0),
        ("1.0", 1.0),
        ("**0.7**", 0.7),
        (r"\boxed{0.7}", 0.7),
        (r"\boxed{70}", None),
        ("The user went there 3 times.\n\n0.7", 0.7),
        ("The user went there 3 times: **0.7**", None),
        ("<think>0.2</think>0.7", 0.7),
    ],
)
def test_probabilities(text, value):
    found = read("behavior", text)
    assert found.value == value
    assert (found.reason is None) == (value is not None)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Reason.EMPTY),
        ("<think>0.7", Reason.TRUNCATED),
        ('{"probability": 0.7', Reason.TRUNCATED),
        ('{"probability":', Reason.TRUNCATED),
        ("likely", Reason.NO_ANSWER),
        ('{"probability": null}', Reason.NO_ANSWER),
        ('{"probability": true}', Reason.NO_ANSWER),
        ('{"probability": <number from 0 to 1>}', Reason.NO_ANSWER),
        ("0.7 or 0.8", Reason.AMBIGUOUS),
        ("0.7-0.8", Reason.AMBIGUOUS),
        ("0.7\n0.8", Reason.AMBIGUOUS),
        ('{"probability": 0.7, "answer": 0.8}', Reason.AMBIGUOUS),
        ("Probability: 0.7\nProbability: 0.9", Reason.AMBIGUOUS),
        ('{"probability": 1.7}', Reason.OUT_OF_RANGE),
        ('{"probability": -0.1}', Reason.OUT_OF_RANGE),
        ('{"probability": 70}', Reason.OUT_OF_RANGE),
        ('{"probability": NaN}', Reason.OUT_OF_RANGE),
        ('{"probability": Infinity}', Reason.OUT_OF_RANGE),
        ('{"probability": 1e999}', Reason.OUT_OF_RANGE),
        ('{"probability": "101%"}', Reason.OUT_OF_RANGE),
        ("70", Reason.OUT_OF_RANGE),
        ("-0.5", Reason.OUT_OF_RANGE),
        ("1.2", Reason.OUT_OF_RANGE),
        ("170%", Reason.OUT_OF_RANGE),
    ],
)
def test_probability_reasons(text, reason):
    assert read("behavior", text) == Answer.invalid(reason)


@pytest.mark.parametrize("text", [">0.9", "Answer: >0.9", '{"probability": ">0.9"}', "~~0.9~~"])
def test_a_bound_or_a_struck_out_number_is_no_probability(text):
    assert read("behavior", text).value is None


# --- rankings --------------------------------------------------------------------------------------------------------

BCA = order(["B", "C", "A"])


@pytest.mark.parametrize(
    "text",
    [
        '{"ranking": ["B", "C", "A"]}',
        '{"ranking": ["b", "c", "a"]}',
        '{"Ranking": ["(B)", "C.", "[A]"]}',
        '{"ranking": "B > C > A"}',
        '{"ranking": "B, C, A"}',
        '{"answer": ["B", "C", "A"]}',
        '{"order": ["B", "C", "A"]}',
        '{"排序": ["B", "C", "A"]}',
        '{"ranking": ["B", "C", "A"], "reason": "D is shut"}',
        '```json\n{"ranking": ["B", "C", "A"]}\n```',
        "Ranking: B > C > A",
        "**Ranking:** B, C, A",
        "The order is B, C, A.",
        "排序：B > C > A",
        "排序为B、C、A。",
        "答案：Ｂ，Ｃ，Ａ",
        "B > C > A",
        "B>C>A",
        "B, C, A",
        "B、C、A",
        "B；C；A",
        "B → C → A",
        "B -> C -> A",
        "B C A",
        "[B, C, A]",
        '["B", "C", "A"]',
        "(B) > (C) > (A)",
        "**B > C > A**",
        "**B** > **C** > **A**",
        r"\boxed{B, C, A}",
        r"\boxed{B > C > A}",
        "1. B\n2. C\n3. A",
        "1) B\n2) C\n3) A",
        "1、B\n2、C\n3、A",
        "1: B\n2: C\n3: A",
        "1. B. the noodle shop\n2. C. the tea house\n3. A. the grill",
        "1. B: the noodle shop\n2. C: the tea house\n3. A: the grill",
        "B\nC\nA",
        "Here is my ranking:\n1. B\n2. C\n3. A",
        "Here is my ranking:\r\n1. B\r\n2. C\r\n3. A",
        "1. **B**\n2. **C**\n3. **A**",
        "我的排序：\n1. B\n2. C\n3. A",
        "The user likes tea.\n\nB > C > A",
        "<think>A > B</think>B > C > A",
    ],
)
def test_rankings(text):
    assert read("ranking", text) == Answer(BCA)


def test_ranking_of_all_candidates_without_marks():
    assert len(sample_prompts("ranking")[0].choices) == 7
    assert read("ranking", "BCADGFE") == Answer(order(list("BCADGFE")))
    assert read("ranking", "BCA").value is None


def test_one_name_is_a_ranking_with_the_rest_at_the_bottom():
    for text in ('{"ranking": ["B"]}', "Answer: B", "B"):
        assert read("ranking", text) == Answer(order(["B"])), text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Reason.EMPTY),
        ("<think>B > A", Reason.TRUNCATED),
        ('{"ranking": ["B", "C"', Reason.TRUNCATED),
        ('{"ranking": ["B", "', Reason.TRUNCATED),
        ("no idea", Reason.NO_ANSWER),
        ('{"ranking": []}', Reason.NO_ANSWER),
        ('{"ranking": [["B"], ["A"]]}', Reason.NO_ANSWER),
        ('{"ranking": {"B": 1}}', Reason.NO_ANSWER),
        ('{"ranking": [true]}', Reason.NO_ANSWER),
        ('{"ranking": [2, 1, 3]}', Reason.NO_ANSWER),
        ('{"ranking": ["<best>", "<second>", …]}', Reason.NO_ANSWER),
        ("A. the grill\nB. the noodle shop", Reason.NO_ANSWER),
        ("1. the grill\n2. the noodle shop", Reason.NO_ANSWER),
        ("1, 2, 3", Reason.NO_ANSWER),
        ("A > B\nB > A", Reason.AMBIGUOUS),
        ('{"ranking": ["A"], "answer": ["B"]}', Reason.AMBIGUOUS),
        ("Ranking: A > B\nRanking: B > A", Reason.AMBIGUOUS),
        ('{"ranking": ["B", "Z"]}', Reason.OUT_OF_RANGE),
        ("B > Z > A", Reason.OUT_OF_RANGE),
        ('{"ranking": ["B", "B"]}', Reason.DUPLICATE),
        ("B > A > B", Reason.DUPLICATE),
    ],
)
def test_ranking_reasons(text, reason):
    assert read("ranking", text) == Answer.invalid(reason)


@pytest.mark.parametrize("text", ["A = B > C", "A=B=C", "Ranking: A = B > C > D"])
def test_stated_ties_are_no_strict_order(text):
    """Either they tie or they are unreadable: to put A before B would be a guess."""
    found = read("ranking", text)
    assert found.value is None or found.value[0] == found.value[1]


@pytest.mark.parametrize(
    "text", ['{"ranking": [28, 1, 30]}', '{"ranking": ["28", "1", "30"]}', "28 > 1 > 30", "1. 28\n2. 1\n3. 30"]
)
def test_numbers_where_letters_run_out(text):
    prompt = many_candidates()
    found = dimension("ranking").kind.read(text, prompt)
    assert found == Answer(order(["28", "1", "30"], prompt.choices))


@pytest.mark.parametrize(("text", "reason"), [("31 > 1", Reason.OUT_OF_RANGE), ("A > B", Reason.OUT_OF_RANGE)])
def test_unknown_names_where_letters_run_out(text, reason):
    assert dimension("ranking").kind.read(text, many_candidates()) == Answer.invalid(reason)


# --- copies of the prompt --------------------------------------------------------------------------------------------


def right_json(key, prompt):
    """The asked JSON with the right answer, and the value that it means."""
    if key == "behavior":
        return json.dumps({"probability": float(prompt.gold)}), float(prompt.gold)
    if key == "ranking":
        best = sorted(prompt.choices, key=lambda c: -prompt.gold[prompt.choices.index(c)])
        return json.dumps({"ranking": best}), order(best, prompt.choices)
    return json.dumps({"answer": prompt.choices[prompt.gold]}), prompt.gold


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("prompt_lang", [None, *LANGS])
def test_copy_of_the_prompt_is_no_answer(key, prompt_lang):
    """Base models repeat the prompt. The copy is unreadable; an answer after it is read correctly or is unreadable."""
    data = load(key, "sample")
    readable = 0
    for prompt in data.prompts("generate", prompt_lang):
        text = prompt.messages[-1].content
        answer, value = right_json(key, prompt)
        assert data.dimension.kind.read(text, prompt).value is None, prompt.id
        assert data.dimension.kind.read(text.rpartition("\n")[0], prompt).value is None, prompt.id
        found = data.dimension.kind.read(f"{text}\n{answer}", prompt)
        assert found.value in (None, value), prompt.id
        readable += found.value is not None
    assert readable >= 0.9 * len(data)


@pytest.mark.parametrize("key", KEYS)
def test_copy_of_the_record_is_no_answer(key):
    """Models that judge quote: records hold lists with letters, JSON and the word "answer", too."""
    data = load(key, "sample")
    for prompt in data.prompts("generate"):
        mark = "\n\n[" if prompt.lang == "en" else "\n\n【"
        head, found, body = prompt.messages[-1].content.partition(mark)
        assert head
        assert data.dimension.kind.read((found + body).rpartition("\n\n")[0], prompt).value is None, prompt.id


# --- any text at all -------------------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        *(
            "A",
            "B",
            "Z",
            "1",
            "0.5",
            "70%",
            "，",
            "。",
            "\n",
            "\r\n",
            " ",
            ":",
            "：",
            ">",
            "{",
            "}",
            "[",
            "]",
            '"',
            "**",
        ),
        *(
            "```json\n",
            "\n```",
            '{"answer": ',
            '"B"',
            '{"probability": 0.3}',
            '{"ranking": ["A", "B"]}',
            '"label"',
            ",",
        ),
        *("Answer: ", "答案：", "排序：", r"\boxed{", r"\text{", "<think>", "</think>", "\x00", "\ud83d", "🙂", "`"),
        *(
            "选",
            "故选B",
            "I choose ",
            "'",
            "“",
            "<answer>",
            "</answer>",
            "[[",
            "]]",
            ">=",
            "- ",
            " because ",
            "not ",
            "if ",
        ),
        *(
            "{'answer': ",
            "{answer: ",
            "not ",
            "不",
            "百分之",
            "~",
            "7e",
            "or ",
            "The response says ",
            "//",
            "/*",
            "ß",
            "İ",
        ),
        *(
            "Wait, ",
            "actually, no",
            "更正：",
            "User: ",
            "or {",
            "} is ",
            "by price: ",
            "least to most: ",
            "P(no click) = ",
        ),
        *("[x] ", "<b>", "<br>", "選", "Ⓑ", '"{', '\\"', "才能", "…", "(90% sure)", "average ", "one may think that "),
        *("yes", "no", "相关", "不一致", "1. ", "= ", "1" * 5000, "NaN", "true", "-", "\\", "$", "…", "\u0301", "ſ"),
    ]
)
TEXTS = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=25).map("".join))


def test_a_second_thought_takes_back_what_was_said_before_it_unless_it_is_said_again():
    assert read("factual", "Answer: A\n\nHold on. The sum is wrong.", "en") == Answer.invalid(Reason.AMBIGUOUS)
    assert read("factual", "Answer: A\n\nHold on. It is not Answer: A", "en") == Answer.invalid(Reason.AMBIGUOUS)
    assert read("factual", "Answer: A\n\nHold on, the sum. It is right.\n\nAnswer: A", "en") == Answer(0)


@pytest.mark.parametrize("key", KEYS)
@settings(max_examples=300, deadline=None, derandomize=True)
@given(text=TEXTS)
def test_total(key, text):
    """Never raises; gives a value of the right kind or a reason of the closed list, never both and never neither."""
    prompt = sample_prompts(key)[0]
    found = dimension(key).kind.read(text, prompt)
    if found.value is None:
        assert found.reason in {r.value for r in Reason}
        assert type(found.reason) is str
        return
    assert found.reason is None
    if key == "behavior":
        assert isinstance(found.value, float)
        assert 0 <= found.value <= 1
    elif key == "ranking":
        assert isinstance(found.value, tuple)
        assert len(found.value) == len(prompt.choices)
        placed = sorted((s for s in found.value if s), reverse=True)
        assert placed == [float(len(prompt.choices) - i) for i in range(len(placed))]
        assert placed
    else:
        assert type(found.value) is int
        assert found.value in range(len(prompt.choices))


WRAPPED = st.sampled_from(
    [
        "{}",
        " {} ",
        "\n{}\n",
        "```json\n{}\n```",
        "<think>Answer: A\nAnswer: B</think>{}",
        "hm, A or B?</think>{}",
        "{}\n\nThat is all.",
    ]
)


LABEL_STATEMENTS = [
    '{{"answer": "{}"}}',
    "{{'answer': '{}'}}",
    "{{“answer”: “{}”}}",
    "{{answer: {}}}",
    '{{"answer": ["{}"]}}',
    "Answer: {}",
    "答案：{}",
    "故选{}。",
    "我选择{}",
    "I choose {}.",
    "The correct option is {}",
    r"\boxed{{{}}}",
    r"\boxed{{\mathrm{{{}}}}}",
    "[[{}]]",
    "<answer>{}</answer>",
    "The answer is {}.",
]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data(), wrap=WRAPPED, key=st.sampled_from(LABELLED))
def test_labels_round_trip(data, wrap, key):
    prompt = sample_prompts(key)[0]
    index = data.draw(st.integers(0, len(prompt.choices) - 1))
    letter = prompt.choices[index]
    form = data.draw(st.sampled_from(LABEL_STATEMENTS))
    assert dimension(key).kind.read(wrap.replace("{}", form.format(letter)), prompt) == Answer(index)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data(), key=st.sampled_from(LABELLED), form=st.sampled_from(LABEL_STATEMENTS))
def test_a_statement_that_is_taken_back_is_never_read(data, key, form):
    prompt = sample_prompts(key)[0]
    said = form.format(data.draw(st.sampled_from(prompt.choices))).rstrip(".。")
    around = data.draw(
        st.sampled_from(
            [
                'The response says "{}".',
                "The reply contains {}",
                "回复中写道“{}”。",
                "For example: {}",
                "例如：{}",
                "If every rule is kept, {}",
                "I do not think that {}",
                "```python\nprint({!r})\n```",
            ]
        )
    )
    assert dimension(key).kind.read(around.format(said), prompt).value is None


def _plainly(value):
    return json.dumps(value, ensure_ascii=False)


def _single_quoted(value):
    return repr(value)


def _typographic(value):
    return re.sub(r'"([^"]*)"', r"“\1”", _plainly(value))


def _bare_keys(value):
    return re.sub(r'"(\w+)":', r"\1:", _plainly(value))


def _with_trailing_commas(value):
    return re.sub(r"([\]}])", r",\1", _plainly(value))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    data=st.data(),
    key=st.sampled_from(KEYS),
    reason=st.text(alphabet="abc 0.5，一致A.:;", max_size=20),
    near=st.sampled_from([_single_quoted, _typographic, _bare_keys, _with_trailing_commas]),
)
def test_nearly_json_is_read_like_json(data, key, reason, near):
    prompt = sample_prompts(key)[0]
    answer, value = right_json(key, data.draw(st.sampled_from(sample_prompts(key))))
    fields = {"reason": reason, **json.loads(answer)}
    found = dimension(key).kind.read(_plainly(fields), prompt)
    assert dimension(key).kind.read(near(fields), prompt) == found
    if key != "ranking":
        assert found == Answer(value)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(p=st.floats(0, 1), wrap=WRAPPED)
def test_probabilities_round_trip(p, wrap):
    assert read("behavior", wrap.replace("{}", json.dumps({"probability": p}))) == Answer(p)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data(), wrap=WRAPPED)
def test_rankings_round_trip(data, wrap):
    prompt = data.draw(st.sampled_from([*sample_prompts("ranking")[:5], many_candidates()]))
    names = data.draw(st.permutations(prompt.choices))
    names = names[: data.draw(st.integers(1, len(names)))]
    forms = [json.dumps({"ranking": names}), "Ranking: " + " > ".join(names), r"\boxed{" + ", ".join(names) + "}"]
    text = wrap.replace("{}", data.draw(st.sampled_from(forms)))
    assert dimension("ranking").kind.read(text, prompt) == Answer(order(names, prompt.choices))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(data=st.data(), key=st.sampled_from(KEYS), noise=st.text(alphabet="abc .\n", max_size=10))
def test_two_different_answers_are_ambiguous(data, key, noise):
    prompt = sample_prompts(key)[0]
    if key == "behavior":
        one, two = data.draw(st.lists(st.integers(0, 100), min_size=2, max_size=2, unique=True))
        values = [f"{one}%", f"{two}%"]
        name = "probability"
    else:
        values = data.draw(st.lists(st.sampled_from(prompt.choices), min_size=2, max_size=2, unique=True))
        name = "answer"
    form = st.sampled_from([f'{{"{name}": "%s"}}', "Answer: %s", "答案：%s", r"\boxed{%s}"])
    parts = [data.draw(form) % value for value in values]
    assert dimension(key).kind.read(f"{parts[0]}\n{noise}\n{parts[1]}", prompt) == Answer.invalid(Reason.AMBIGUOUS)


# --- time ------------------------------------------------------------------------------------------------------------

ABSURD = {
    "NULs": lambda n: "\x00" * n,
    "emoji": lambda n: "🙂" * n,
    "braces": lambda n: "{" * n,
    "braces and spaces": lambda n: "{ " * (n // 2),
    "keys": lambda n: '{"' * (n // 2),
    "objects": lambda n: '{"a": 1}' * (n // 8),
    "broken objects": lambda n: '{"a" 1}' * (n // 7),
    "closing braces": lambda n: "}" * n,
    "brackets": lambda n: "[" * n,
    "nested JSON": lambda n: '{"a":' * (n // 5),
    "nested lists in JSON": lambda n: '{"answer":' + "[" * n,
    "long list in JSON": lambda n: '{"ranking": [' + "1," * (n // 2) + "1]}",
    "long number in JSON": lambda n: '{"answer": ' + "1" * n + "}",
    "long decimal in JSON": lambda n: '{"probability": 0.' + "1" * n + "}",
    "opened sections": lambda n: "<think>" * (n // 7),
    "closed sections": lambda n: "<think></think>" * (n // 15),
    "less-than": lambda n: "<" * n,
    "bold": lambda n: "**A**" * (n // 5),
    "asterisks": lambda n: "*" * n,
    "backticks": lambda n: "`" * n,
    "fences": lambda n: "```\n" * (n // 4),
    "boxes": lambda n: r"\boxed{" * (n // 7),
    "closed boxes": lambda n: r"\boxed{A}" * (n // 9),
    "names": lambda n: "A, " * (n // 3),
    "names in lines": lambda n: "A\n" * (n // 2),
    "names and marks": lambda n: "A > " * (n // 4),
    "spaces": lambda n: " " * n + "x",
    "spaces within": lambda n: "A" + " " * n + "B",
    "tabs in lines": lambda n: " \t\n" * (n // 3) + "x",
    "newlines": lambda n: "x" + "\n" * n + "x",
    "marker words": lambda n: "answer " * (n // 7),
    "markers": lambda n: "answer: " * (n // 8),
    "marker and spaces": lambda n: "Answer: " + " " * n,
    "marker and marks": lambda n: "answer" + "*" * n + ":",
    "digits": lambda n: "1" * n,
    "numbered lines": lambda n: "1. A\n" * (n // 5),
    "parentheses": lambda n: "(" * n,
    "letter and capitals": lambda n: "A. " + "B' " * (n // 3),
    "quotes": lambda n: '"' * n,
    "full-width": lambda n: "Ａ，" * (n // 2),
    "ligatures": lambda n: "ﷺ" * (n // 18),
    "lines that are answers": lambda n: "B\n" * (n // 2),
    "different lines": lambda n: "".join(f"B. {i}\n" for i in range(n // 8)),
    "statements": lambda n: "Answer: B\n" * (n // 10),
    "conditions": lambda n: "If answer: B\n" * (n // 13),
    "reports": lambda n: 'he says "answer: B"\n' * (n // 20),
    "negations": lambda n: "不选B，" * (n // 4),
    "tags": lambda n: "<answer>" * (n // 8),
    "double brackets": lambda n: "[[" * (n // 2),
    "nearly JSON": lambda n: "{'a':1}" * (n // 7),
    "open strings": lambda n: "{'a': 'b' c " * (n // 11),
    "bare keys": lambda n: "{a: " * (n // 4),
    "comments": lambda n: "{/*" + "*" * n,
    "lists of objects": lambda n: "[{" * (n // 2),
    "shares": lambda n: "70% chance " * (n // 11),
    "events": lambda n: "probability of " * (n // 15),
    "bullets": lambda n: "- B\n" * (n // 4),
    "chains": lambda n: "B>" * (n // 2),
    "name and spaces": lambda n: "B" + " " * n + "x",
    "LaTeX": lambda n: r"\text{" * (n // 6),
    "second thoughts": lambda n: "Answer: A. Wait, " * (n // 17),
    "marks before second thoughts": lambda n: '{"answer": "A"} ' + "\n\n---\n" * (n // 6),
    "dots": lambda n: '{"answer": "A"}' + "…*" * (n // 2),
    "JSON or JSON": lambda n: '{"answer": "A"} or ' * (n // 19),
    "the same list again and again": lambda n: '{"ranking": ["A","B"]} and ' * (n // 27),
    "mentions": lambda n: '{"answer": "A"} is ' * (n // 19),
    "a JSON string": lambda n: '"{' + '\\"' * (n // 2) + '}"',
    "HTML": lambda n: "<b>" * (n // 3),
    "notes in brackets": lambda n: "probability (of " * (n // 16),
    "orders by price": lambda n: "by price: " * (n // 10),
    "withdrawals": lambda n: "Answer: A. I was wrong. " * (n // 24),
    "withdrawals of nothing": lambda n: "I was wrong. " * (n // 13),
    "withdrawals that are reported": lambda n: "Answer: A\nAnswer: B\n" + "he says, I was wrong. " * (n // 22),
    "new answers": lambda n: "Answer: A. Correction: B. should be A. " * (n // 39),
    "places": lambda n: "first A, " * (n // 9),
    "places of all": lambda n: "首先A，" * (n // 4),
    "reasons for an order": lambda n: "given the user " * (n // 15),
    "overall": lambda n: "overall " * (n // 8),
    "reasons in Chinese": lambda n: "综合用户" * (n // 4),
    "ascending": lambda n: "worst to best: A < B < " * (n // 23),
    "one ascending chain": lambda n: "worst to best: " + "A < " * (n // 4),
    "notes behind names": lambda n: "A (x), " * (n // 7),
    "rows": lambda n: "| A | 4 |\n" * (n // 10),
    "rows with a header": lambda n: "| candidate | rank |\n" + "| A | 4 |\n" * (n // 10),
    "headers": lambda n: "| candidate | rank |\n" * (n // 21),
    "rows with answers": lambda n: "| answer | B |\n" * (n // 15),
    "cells": lambda n: "|" * n,
    "that is": lambda n: "that is A " * (n // 10),
    "illustrations": lambda n: "To illustrate, answer: A. " * (n // 26),
    "wanted": lambda n: "要选B，就得" * (n // 7),
    "medals": lambda n: "🥇 A\n" * (n // 4),
    "named": lambda n: "属于部分相关，即" * (n // 8),
    "accents": lambda n: "a" + "\u0301\u0323" * (n // 2),
}


def seconds(key, text):
    """Processor time of one reading: the machine is shared."""
    start = time.process_time()
    read(key, text)
    return time.process_time() - start


@pytest.mark.parametrize("name", ABSURD)
def test_time_is_linear(name):
    """Four times the text takes about four times as long, where quadratic is sixteen times.

    A floor and three tries for noise: a collection of garbage takes longer than the reading.
    """
    for key in ("relevance", "behavior"):
        limit = 10 * max(seconds(key, ABSURD[name](20_000)), 0.05)
        assert any(seconds(key, ABSURD[name](80_000)) < limit for _ in range(3)), key


@pytest.mark.slow
@pytest.mark.parametrize("name", ABSURD)
def test_long_texts_take_seconds(name):
    text = ABSURD[name](150_000)
    start = time.process_time()
    found = read("ranking", text)
    assert time.process_time() - start < 5
    assert (found.value is None) != (found.reason is None)


@pytest.mark.parametrize("key", KEYS)
def test_a_megabyte_of_answers_is_read_at_once(key):
    """It took 9 seconds once; half a second on an idle machine now."""
    assert seconds(key, "B\n" * 500_000) < 3


def test_all_dimensions_are_tested_here():
    assert tuple(dimensions()) == KEYS
