"""Which encoding a file's text is in: UTF-8, one that a byte order mark names, or GB18030 where that is plain to see.

A wrong guess would change texts without an error. So GB18030 (which GBK and GB2312 are parts of) is taken only if the
whole file can be decoded, and what comes out is Chinese by the characters that are common there. Text in Korean,
Japanese or Russian encodings often decodes as GB18030 too, but to characters that are rare, or all from one part of the
table. (charset-normalizer 3.5 takes a short Chinese table for a Korean one.)
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from recrm_tasks.data.formats.chunk import opened
from recrm_tasks.data.formats.text_form import ENTRY
from recrm_tasks.errors import DataError

_BLOCK = 1 << 20
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""In this order: the mark of UTF-32 begins with that of UTF-16."""
_SURE = 4
"""Characters beyond ASCII that show an encoding."""
_ENOUGH = 8
"""Han characters that Chinese is known by."""
_COUNTED = 1_000_000
"""Characters that are looked at in a large file."""
_COMMON = frozenset(
    "的一是不了在有人我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么"
    "去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又"
    "关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海"
    "通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管"
    "期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北"
    "边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运店馆餐饭菜肉鱼鸡牛羊虾汤米酒茶奶果糖酸辣甜锅烧烤炒炸煮面粉饼包汁咖啡"
    "早午晚夜周末附近推荐价便宜服商户客单元份套号层楼街广州京城镇村江河湖花园红黄蓝绿黑车站票影院洗理美容健身药医宠酷鞋衣服装男童婴妆"
    "洁护网游戏机票酒店景点快递外卖送评分星级好差低贵买卖购物超便利香麻串串火锅自助日料韩式西式中式寿司披萨汉堡蛋糕面包"
)
"""Frequent characters of Chinese texts, and of the names of dishes, shops and goods."""


def find_encoding(path: Path, codec: str | None) -> str:
    """The encoding of a file's text, as Python calls it.

    Raises:
        DataError: it is not UTF-8, and which encoding it is in is not certain; names the line and the way out.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    line, beyond, first = 1, 0, True
    for block in _blocks(path, codec):
        if first:
            marked = next((name for mark, name in _MARKS.items() if block.startswith(mark)), None)
            if marked is not None:
                return marked
            _refuse_wide(path, block)
        try:
            text = decoder.decode(block)
        except UnicodeDecodeError as error:
            if beyond < _SURE and _is_chinese(path, codec):
                return "gb18030"
            at = line + block.count(b"\n", 0, error.start)
            raise DataError(f"{path}, line {at}: not UTF-8 text ({error.reason}); {_way_out(path, codec)}") from None
        if not block.isascii():
            beyond += len(re.findall(r"[^\x00-\x7f]", text))
            if beyond >= _SURE and not first:
                return "utf-8"
        line += block.count(b"\n")
        first = False
    return "utf-8"


def _blocks(path: Path, codec: str | None) -> Iterator[bytes]:
    with opened(path, codec) as stream:
        while block := stream.read(_BLOCK):
            yield block


def _refuse_wide(path: Path, start: bytes) -> None:
    """Refuses UTF-16 without a byte order mark: every second byte of its ASCII characters is zero."""
    zeros = [start[side : 1 << 12 : 2].count(0) for side in (0, 1)]
    if max(zeros) * 4 > len(start[: 1 << 12 : 2]):
        name = "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"
        raise DataError(
            f"{path}: not UTF-8 text; it looks like UTF-16 without a byte order mark; `encoding: {name}` {ENTRY} says "
            "that it is"
        )


def _characters(path: Path, codec: str | None) -> Counter[str] | None:
    """How often each character beyond ASCII is in the first part of a text of GB18030; None if it cannot be one."""
    decoder, found, count = codecs.getincrementaldecoder("gb18030")(), Counter[str](), 0
    try:
        for block in _blocks(path, codec):
            text = decoder.decode(block)
            if count < _COUNTED:
                some = re.findall(r"[^\x00-\x7f]", text)
                found.update(some)
                count += len(some)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return None
    return found


def _is_chinese(path: Path, codec: str | None) -> bool:
    found = _characters(path, codec)
    if not found:
        return False
    first, second, signs, low, high = 0, 0, 0, 0, 0
    for character, times in found.items():
        try:
            lead = character.encode("gb2312")[0]
        except UnicodeEncodeError:
            continue
        if 0xB0 <= lead <= 0xD7:  # 3,755 common characters, in the order of their sounds
            first += times
            low += times * (lead < 0xC0)
            high += times * (lead > 0xC8)
        elif lead > 0xD7:
            second += times
        elif lead in (0xA1, 0xA2, 0xA3):
            signs += times
    common = sum(times for character, times in found.items() if character in _COMMON)
    return (
        first >= _ENOUGH
        and first + second + signs >= 0.95 * found.total()
        and first >= 0.85 * (first + second)
        and common >= 0.45 * first
        # Hangul of EUC-KR is in one part of the table, and so are the letters of KOI8-R.
        and low >= 0.1 * first
        and high >= 0.1 * first
    )


def _way_out(path: Path, codec: str | None) -> str:
    chinese = "gb18030 for Chinese, " if _characters(path, codec) else ""
    return f"`encoding:` {ENTRY} says what it is ({chinese}cp1252 for Western European, or another)"
