"""Ready prompts of lists whose candidates are only in the text: asked once, then read to the right lists.

Each test follows the way out that `recrm data inspect` prints.
"""

from __future__ import annotations

import json
import random
import re

import pytest

from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimension
from recrm_tasks.errors import RecrmError

FILE = "data/item_ranking/item_ranking_rewrite.jsonl"


class Source:
    """Rows under the published path, and what is done with them."""

    def __init__(self, folder, rows):
        file = folder / "hub" / FILE
        file.parent.mkdir(parents=True)
        file.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")
        self.data, self.mapping = str(folder / "hub"), folder / "mapping.yaml"

    def offered(self):
        """The answers that the mapping offers, without their comments."""
        with pytest.raises(RecrmError, match="cannot be read with certainty"):
            load("ranking", self.data)
        assert main(["data", "inspect", self.data, "--dimension", "ranking", "--to", str(self.mapping)]) == 2
        lines = self.mapping.read_text(encoding="utf-8").splitlines()
        return [line.strip()[1:].partition("   #")[0] for line in lines if re.match(r" *#\S", line)]

    def choose(self, *wanted):
        """Uncomments the first line that begins with each of these texts."""
        text = self.mapping.read_text(encoding="utf-8")
        for start in wanted:
            text, found = re.subn(rf"(?m)^( *)#({re.escape(start)})", r"\1\2", text, count=1)
            assert found, f"{start} is none of the answers in\n{text}"
        self.mapping.write_text(text, encoding="utf-8")

    def load(self):
        return load("ranking", self.data, split="all", mapping=str(self.mapping))

    def inspect(self):
        to = str(self.mapping.with_name("again.yaml"))
        return main(
            ["data", "inspect", self.data, "--dimension", "ranking", "--mapping", str(self.mapping), "--to", to]
        )


@pytest.fixture
def source(tmp_path):
    return lambda rows: Source(tmp_path, rows)


def plainly(records):
    return sorted((r.context, [(c.id, c.text) for c in r.candidates], r.labels) for r in records)


# --- one row for each candidate --------------------------------------------------------------------------------------


def shops(n, zh=True):
    return [f"店铺{n}{c}" if zh else f"Shop {n}{c}" for c in "abcd"[: 3 + n % 2]]


def chinese(n, item):
    return f"画像：女，{20 + n}岁\n历史：\n1. 面{n}\n2. 汤{n}\n\n候选商家：{item}\n\n该用户会点击吗？"


def english(n, item):
    return f"Ann, {20 + n}, no spicy food.\nHistory: soup {n}\n\n[Item]\n{item}\n\nWill she click?"


def objects(n, item):
    return f"User: {20 + n} years\n\nItem:\nname: {item}\nprice: {ord(item[-1]) + n}\ncity: X\n\nContext: Monday"


def lines(n, item):
    """The question follows the item without a blank line."""
    return f"【用户】女，{20 + n}岁\n1. 面{n}\n【候选项】\n门店: {item}\n价格: {ord(item[-1]) + n}\n该用户会下单吗？"


def last(n, item):
    return f"Ann, {20 + n}, no spicy food. Had soup {n} yesterday. It rains on her street.\nItem: {item}"


def first(n, item):
    return f"Item: {item}\nAnn, {20 + n}, no spicy food. Had soup {n} yesterday. It rains on her street."


def mixed(n, item):
    return chinese(n, item) if n % 2 else english(n, item)


WORDINGS = {
    "chinese": chinese,
    "english": english,
    "objects": objects,
    "lines": lines,
    "last": last,
    "first": first,
    "mixed": mixed,
}


def rows_of(wording, seed=1, label=int):
    rows = [
        {"prompt": wording(n, item), "label": label(i == n % 3)} for n in range(12) for i, item in enumerate(shops(n))
    ]
    random.Random(seed).shuffle(rows)
    return rows


@pytest.mark.parametrize("name", WORDINGS)
def test_rows_that_are_equal_but_for_the_candidate_are_a_list(name, source, capsys):
    """One line is uncommented, with the pattern that is proposed."""
    made = source(rows_of(WORDINGS[name]))
    assert any(a.startswith("list_id: {column: prompt, without: ") and "REGULAR" not in a for a in made.offered())
    made.choose("list_id: {column: prompt, without: ")
    found = made.load()
    records = list(found.records())
    assert len(records) == 12
    assert sorted(len(r.candidates) for r in records) == [3] * 6 + [4] * 6
    said = {}
    for record in records:
        n = int(re.search(r"(2\d|3\d)", record.context)[0]) - 20
        said[n] = {c.text: grade for c, grade in zip(record.candidates, record.labels, strict=True)}
        assert record.messages is None
    for n in range(12):
        texts = shops(n)
        if name == "objects":
            texts = [f"name: {s}\nprice: {ord(s[-1]) + n}\ncity: X" for s in texts]
        elif name == "lines":
            texts = [f"门店: {s}\n价格: {ord(s[-1]) + n}" for s in texts]
        assert said[n] == {text: int(i == n % 3) for i, text in enumerate(texts)}
    prompts = ["\n".join(m.content for m in p.messages) for p in found.prompts("generate")]
    assert all(any(all(s in prompt for s in shops(n)) for prompt in prompts) for n in range(12))
    assert made.inspect() == 0
    assert "ranking: 12 records" in capsys.readouterr().out


def test_the_rest_of_the_prompt_is_the_context(source):
    made = source([{"prompt": chinese(3, s), "label": int(i == 1)} for i, s in enumerate(shops(3))])
    made.offered()
    made.choose("list_id: ")
    (record,) = made.load().records()
    assert record.context == "画像：女，23岁\n历史：\n1. 面3\n2. 汤3\n\n该用户会点击吗？"
    assert record.labels == [0, 1, 0, 0]
    assert (record.profile, record.history) == ("", [])


def test_turns_with_a_yes_or_no_behind_thinking(source):
    rows = [
        {"messages": [
            {"role": "system", "content": "你是推荐助手。"}, {"role": "user", "content": chinese(n, item)},
            {"role": "assistant", "content": f"<think>是？否？</think>\n{'是' if i == n % 3 else '否'}"}]}
        for n in range(12) for i, item in enumerate(shops(n))
    ]  # fmt: skip
    made = source(rows)
    made.offered()
    made.choose("list_id: {column: messages, without: ")
    records = list(made.load().records())
    assert len(records) == 12
    for record in records:
        n = int(re.match(r"你是推荐助手。\n\n画像：女，(\d\d)岁\n", record.context)[1]) - 20
        assert record.labels == [int(i == n % 3) for i in range(len(shops(n)))]


def test_a_system_prompt_in_its_own_column_is_part_of_the_context(source):
    made = source([{"system": f"You help user {n}.", **row} for n in (1, 2) for row in rows_of(last)])
    made.offered()
    made.choose("list_id: {column: [system, prompt], without: ")
    records = list(made.load().records())
    assert len(records) == 24
    assert {r.context.split("\n")[0] for r in records} == {"You help user 1.", "You help user 2."}


@pytest.mark.parametrize(("yes", "no"), [("clicked", "skipped"), ("下单", "未下单"), ("good", "bad")])
def test_words_for_what_the_user_did(yes, no, source):
    """Known words are read at once; others are asked about once, and both ways to read the rows are offered."""
    made = source(rows_of(chinese, label=lambda chosen: yes if chosen else no))
    offered = made.offered()
    made.choose("list_id: {column: prompt, without: ")
    if yes == "good":
        assert any(a.startswith("fields: {candidates: {column: prompt, pattern: ") for a in offered)
        with pytest.raises(RecrmError, match="label: what do the values bad, good of label mean"):
            made.load()
        text = made.mapping.read_text(encoding="utf-8")
        made.mapping.write_text(
            text.replace("column: label\n", "column: label\n        values: {good: 1, bad: 0}\n", 1)
        )
    assert sorted(sum(r.labels) for r in made.load().records()) == [1] * 12


def test_what_stands_beside_the_prompt_is_not_lost(source):
    """It is asked about, or the answer says that it is left out."""
    rows = [
        {**row, "hint": f"The user of row {i} is in a hurry and wants soup."} for i, row in enumerate(rows_of(chinese))
    ]
    made = source(rows)
    made.offered()
    assert "(ask=item); hint not needed" in made.mapping.read_text(encoding="utf-8")
    made.choose("list_id: {column: prompt, without: ")
    with pytest.raises(RecrmError, match=r"fields: \{profile: hint, history: null\}"):
        made.load()


def test_lists_by_a_column_and_candidates_by_a_pattern(source):
    rows = [{"session_id": f"s{n}", "prompt": chinese(n, item), "label": int(i == 2)} for n in range(4) for i, item in
            enumerate(shops(n))]  # fmt: skip
    made = source(rows)
    assert "list_id: session_id" in made.offered()
    made.choose("list_id: session_id", "fields: {candidates: {column: prompt, pattern: ")
    records = list(made.load().records())
    assert sorted(r.id for r in records) == ["s0", "s1", "s2", "s3"]
    assert all(r.labels == [int(i == 2) for i in range(len(r.labels))] for r in records)


def test_lists_by_a_pattern(source):
    rows = [{"prompt": f"会话：s{n}\n{chinese(n, item)}", "label": int(i == 2)} for n in range(4) for i, item in
            enumerate(shops(n))]  # fmt: skip
    made = source(rows)
    assert any(a.startswith("list_id: {column: prompt, pattern: '(?i)(?:会话") for a in made.offered())
    made.choose("list_id: {column: prompt, pattern: ", "fields: {candidates: {column: prompt, pattern: ")
    assert sorted(r.id for r in made.load().records()) == ["s0", "s1", "s2", "s3"]
    made.mapping.write_text(
        f"""dimensions: {{ranking: {{sources: [{{files: {{"-": [{FILE}]}}, lang: zh, label: {{column: label}},
            group: {{column: prompt, pattern: '女，(\\d+)'}},
            list_id: {{column: prompt, pattern: '会话：(\\w+)'}},
            fields: {{profile: {{column: prompt, pattern: '画像：(.+)'}},
                      candidates: {{column: prompt, pattern: '商家：(.+)'}}}}
            }}]}}}}""",
        encoding="utf-8",
    )
    records = {r.id: r for r in made.load().records()}
    assert sorted(records) == ["s0", "s1", "s2", "s3"]
    assert [c.text for c in records["s1"].candidates] == shops(1)
    assert (records["s1"].profile, records["s1"].group) == ("女，21岁", "21")


def test_a_row_with_two_candidates_is_refused(source):
    rows = [{"prompt": chinese(n, item), "label": int(i == 1)} for n in range(4) for i, item in enumerate(shops(n))]
    rows[0]["prompt"] += "\n候选商家：另一家"
    made = source(rows)
    made.mapping.write_text(
        f"dimensions: {{ranking: {{sources: [{{files: {{'-': [{FILE}]}}, label: {{column: label}}, "
        "list_id: {column: prompt, without: '候选商家：(.+)'}}]}}",
        encoding="utf-8",
    )
    with pytest.raises(RecrmError, match="cannot be used") as caught:
        made.load()
    assert "line 1: candidates: number 1 has no text" in str(caught.value)


def test_a_ready_prompt_of_a_row_is_none_of_its_list(source):
    made = source(rows_of(chinese))
    made.mapping.write_text(
        f"dimensions: {{ranking: {{sources: [{{files: {{'-': [{FILE}]}}, label: {{column: label}}, messages: prompt, "
        "list_id: {column: prompt, without: '候选商家：(.+)'}}]}}",
        encoding="utf-8",
    )
    with pytest.raises(RecrmError, match=r"sources\.0\.messages: each row asks about one candidate"):
        made.load()


# --- one row for each list -------------------------------------------------------------------------------------------

NAMES = ["荷花面馆", "老王面馆", "清汤铺", "绿碗"]


def order(n):
    """The places of four candidates from the best on."""
    return [(n + i) % 4 for i in (1, 0, 3, 2)]


IDS = ["p0", "p1", "p2", "p3"]
NUMBERED = [f"{i}. {name}" for i, name in enumerate(NAMES, 1)]
LETTERED = [f"{c}、{name}" for c, name in zip("ABCD", NAMES, strict=True)]
LISTINGS = {
    "numbered": ("候选商家：\n" + "\n".join(NUMBERED), ["1", "2", "3", "4"]),
    "lettered": ("候选商家：\n" + "\n".join(LETTERED), list("ABCD")),
    "bulleted": ("候选商家：\n" + "\n".join(f"- {name}" for name in NAMES), NAMES),
    "in brackets": ("候选商家：\n" + "\n".join(f"[p{i}] {name}" for i, name in enumerate(NAMES)), IDS),
    "JSON": ("候选商家：" + json.dumps(NAMES, ensure_ascii=False), NAMES),
    "JSON objects": (
        "候选商家：" + json.dumps([{"id": f"p{i}", "name": name} for i, name in enumerate(NAMES)], ensure_ascii=False),
        IDS,
    ),
    "a list in brackets": (f"候选商家：[{'、'.join(NAMES)}]", NAMES),
}  # fmt: skip
ANSWERS = {
    "a list": lambda names: json.dumps(names, ensure_ascii=False),
    "an object": lambda names: json.dumps({"ranking": names}, ensure_ascii=False),
    "behind thinking": lambda names: f"<think>不好说</think>\n{json.dumps(names, ensure_ascii=False)}",
    "signs": lambda names: " > ".join(names),
}


def asking(n, listing):
    return f"画像：女，{20 + n}岁\n历史：\n1. 面{n}\n2. 汤{n}\n\n{listing}\n\n要求：\n1. 输出排序\n2. 不要解释"


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("listing", LISTINGS)
def test_an_order_of_what_the_prompt_lists(listing, answer, source, capsys):
    text, names = LISTINGS[listing]
    rows = [
        {"prompt": asking(n, text), "output": ANSWERS[answer]([names[i] for i in order(n)])} for n in range(12)
    ]  # fmt: skip
    made = source(rows)
    offered = made.offered()
    assert sum(a.startswith("fields: {candidates: {column: prompt, pattern: ") for a in offered) >= 1
    assert any("listed: order" in a for a in offered)
    assert any("listed: chosen" in a for a in offered)
    made.choose("fields: {candidates: {column: prompt", next(a for a in offered if "listed: order" in a))
    records = sorted(made.load().records(), key=lambda r: r.context)
    assert len(records) == 12
    for n, record in enumerate(records):
        assert record.labels == [int(i == order(n)[0]) for i in range(4)]
        shown = [c.text.removeprefix("name: ") for c in record.candidates]
        assert shown == NAMES
        assert [c.id for c in record.candidates] == (names if names[0] in ("A", "1", "p0") else ["1", "2", "3", "4"])
        for word in (f"{20 + n}岁", f"1. 面{n}", "1. 输出排序"):
            assert word in record.context
        assert not any(name in record.context for name in NAMES)
    assert made.inspect() == 0
    assert "ranking: 12 records" in capsys.readouterr().out


def test_those_that_were_chosen(source):
    text, names = LISTINGS["numbered"]
    rows = [{"prompt": asking(n, text), "output": json.dumps([int(names[i]) for i in order(n)[:2]])} for n in range(12)]
    made = source(rows)
    made.offered()
    made.choose("fields: {candidates: {column: prompt", "label: {column: output, listed: chosen")
    records = sorted(made.load().records(), key=lambda r: r.context)
    assert [r.labels for r in records] == [[int(i in order(n)[:2]) for i in range(4)] for n in range(12)]


@pytest.mark.parametrize("columns", [("prompt", "output"), ("query", "response"), ("instruction", "output")])
@pytest.mark.parametrize("listing", LISTINGS)
def test_one_that_was_chosen(listing, columns, source):
    """No order is asked about."""
    text, names = LISTINGS[listing]
    rows = [dict(zip(columns, (asking(n, text), names[n % 4]), strict=True)) for n in range(12)]
    made = source(rows)
    assert not any("listed" in a for a in made.offered())
    made.choose(f"fields: {{candidates: {{column: {columns[0]}")
    records = sorted(made.load().records(), key=lambda r: r.context)
    assert [r.labels for r in records] == [[int(i == n % 4) for i in range(4)] for n in range(12)]


def test_a_prompt_with_letters_may_stay_as_it_is(source):
    text, names = LISTINGS["lettered"]
    turns = lambda n: [  # noqa: E731
        {"role": "user", "content": asking(n, text)}, {"role": "assistant", "content": names[n % 4]}]  # fmt: skip
    made = source([{"messages": turns(n)} for n in range(12)])
    made.offered()
    made.choose(
        "messages: messages   # the same, but the prompt is asked as it is", "fields: {candidates: {column: messages"
    )
    found = made.load()
    records = sorted(found.records(), key=lambda r: r.messages[0].content)
    assert [r.messages[0].content for r in records] == sorted(asking(n, text) for n in range(12))
    assert all(r.context == "" for r in records)
    prompt = dimension("ranking").prompt(records[0], None, "generate")
    assert prompt.choices == tuple("ABCD")
    assert sorted(r.labels.index(1) for r in records) == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]


def test_numbers_of_what_has_none_in_the_text(source):
    """The prompt has bullets and the answer numbers: from 0, if there is a 0."""
    text, _ = LISTINGS["bulleted"]
    rows = [{"prompt": asking(n, text), "output": json.dumps(order(n))} for n in range(12)]
    made = source(rows)
    offered = made.offered()
    made.choose("fields: {candidates: {column: prompt", next(a for a in offered if "listed: order" in a))
    records = sorted(made.load().records(), key=lambda r: r.context)
    assert [r.labels.index(1) for r in records] == [order(n)[0] for n in range(12)]


def as_turns(row):
    answer = str(row.get("output", row.get("label")))
    said = [{"role": "user", "content": row["prompt"]}, {"role": "assistant", "content": answer}]
    return {"messages": said}


@pytest.mark.parametrize("form", [dict, as_turns])
@pytest.mark.parametrize("rows", ["an order", "a candidate"])
def test_every_answer_that_is_offered_leads_on(form, rows, source):
    text, names = LISTINGS["lettered"]
    orders = [{"prompt": asking(n, text), "output": json.dumps([names[i] for i in order(n)])} for n in range(6)]
    made = source([form(row) for row in (orders if rows == "an order" else rows_of(chinese))])
    offered = made.offered()
    written = made.mapping.read_text(encoding="utf-8")
    for answer in offered:
        if re.search("COLUMN|REGULAR|…", answer):  # a person writes there
            continue
        made.mapping.write_text(written, encoding="utf-8")
        made.choose(answer)
        assert what_follows(made) in ("runs", "asks"), answer


def what_follows(made):
    """What a run does with a mapping."""
    try:
        made.load()
    except RecrmError as error:
        asks = re.search("still to be decided|cannot be read with certainty", str(error))
        return "asks" if asks else str(error)
    return "runs"
