"""The language of a record is that of its letters: of bytes, signs and other scripts none is Chinese."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.data.convert.languages import languages_of
from recrm_tasks.errors import DataError


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("想吃清淡的粥", "zh"),
        ("蘭州牛肉麵", "zh"),  # traditional characters
        ("去 Lotus Bowl 吃饭", "zh"),  # four characters, two words
        ("麻辣 hot pot near the station", "en"),
        ("pizza", "en"),
        ("★★★★☆ Luigi’s", "en"),
        ("crème brûlée, pâtisserie à Évry", "en"),
        ("tacos 🌮🌮🌮", "en"),
        ("“quoted” — and…", "en"),
        ("ＬＯＴＵＳ　ＢＯＷＬ", "en"),  # full width
        ("пицца рядом", None),
        ("김치찌개 맛집", None),
        ("ピザ てりやき", None),
        ("寿司のおすすめ", None),  # two Han characters, but more kana
        ("鲜の每日", "zh"),  # one kana in a Chinese name
        ("пицца рядом с домом, WiFi", None),
        ("Great place, Алекс", "en"),
        ("7-11, 24/7", ""),
        ("🌮 ★★★", ""),
        ("", ""),
    ],
)
def test_letters_say_the_language(text, lang):
    assert languages_of(pa.array([text, "Ünïcode 字"])).to_pylist()[0] == lang
    assert languages_of(pa.array([text])).to_pylist() == [lang]


BELOW_CJK = st.text(st.characters(max_codepoint=0x2E7F), max_size=30)
HAN = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=30)


@settings(deadline=None, derandomize=True)
@given(st.lists(st.tuples(BELOW_CJK, HAN), min_size=1, max_size=5))
def test_only_han_characters_are_chinese(pairs):
    others, han = zip(*pairs, strict=True)
    assert "zh" not in languages_of(pa.array(others)).to_pylist()
    assert languages_of(pa.array(han)).to_pylist() == ["zh"] * len(han)


def test_a_record_in_another_language_is_asked_about(tmp_path, capsys):
    rows = [
        ("pizza", "★★★★☆ Luigi’s"),
        ("crème brûlée", "Café Zoë, pâtisserie à Évry"),
        ("пицца рядом", "Пиццерия Луиджи, открыто"),
        ("김치찌개 맛집", "서울식당"),
        ("ピザ てりやき", "ピザハウス"),
        ("tacos 🌮🌮🌮", "🌮🌮 El Rey"),
    ]
    file = tmp_path / "relevance.jsonl"
    file.write_text(
        "".join(json.dumps({"query": q, "item": i, "label": "relevant"}, ensure_ascii=False) + "\n" for q, i in rows),
        encoding="utf-8",
    )
    mapping = tmp_path / "mapping.yaml"
    assert main(["data", "inspect", str(file), "--to", str(mapping)]) == 2
    said = capsys.readouterr()
    assert "languages   en: 3\n" in said.out
    assert "unusable    3 rows: unknown lang" in said.out
    for line in (3, 4, 5):
        assert f"relevance.jsonl, line {line}: lang: neither Chinese nor English by its letters" in said.out
    with pytest.raises(DataError, match=r"`lang: en` or `lang: zh` in a mapping\.yaml"):
        load("relevance", str(file))
    # The way out that the message names.
    written = mapping.read_text(encoding="utf-8")
    mapping.write_text(written.replace("      fields:", "      lang: en\n      fields:"), encoding="utf-8")
    found = load("relevance", str(file), mapping=str(mapping))
    assert [r.lang for r in found.records()] == ["en"] * 6


def test_lists_say_the_language_where_the_other_texts_have_no_letters(tmp_path):
    rows = [
        {"profile": "30", "history": ["周一 点粥"], "context": "12:00", "item": "7-11", "label": 1},
        {"profile": "30", "history": ["Mon: soup"], "context": "12:00", "item": "7-11", "label": 0},
        {"profile": "30", "history": [], "context": "12:00", "item": "7-11", "label": 0},
    ]
    file = tmp_path / "behavior.jsonl"
    file.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")
    found = load("behavior", str(file))
    assert sorted(r.lang for r in found.records()) == ["en", "en", "zh"]


def test_keys_of_objects_are_in_no_language(tmp_path):
    """In tables of text, objects are texts with keys: they are no English words."""
    row = {"profile": "男，24岁", "context": "周六晚上，第2次", "history": '["周一 点粥"]'}
    item = {"name": "面馆", "price level": "low", "delivery fee": "none"}
    for name, said in (("json", item), ("text", json.dumps(item, ensure_ascii=False))):
        file = tmp_path / name / "behavior.jsonl"
        file.parent.mkdir()
        file.write_text(json.dumps({**row, "item": said, "label": 1}, ensure_ascii=False) + "\n", encoding="utf-8")
        assert [r.lang for r in load("behavior", str(file)).records()] == ["zh"]
