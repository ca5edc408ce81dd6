"""Good files, what can happen to them on the way, and a reading of their lines that knows nothing of the loader's."""

import codecs
import csv
import math
import re
from collections.abc import Callable
from random import Random

from tests.helpers import FOUR, HEADER

GOOD = {
    "plain": HEADER + FOUR + "5,Female,31,17,40\n6,Female,22,17.5,76\n7,Male,35,18,6\n8,Female,,18,94\n",
    "quoted": '"id","gender","age","income","score","note"\n1,"F",20,30,40,"a, b"\n2,"M",21,31,41,"say ""hi"""\n3,"F",22,32,42,""\n'
    '4,M,23,33,43,5" tall\n',
    "semicolons": "id;note;age;income;score\n1;ä;20,5;1.234,5;40\n2;ö €;21;31;41,25\n3;;22,75;32;42\n4;x;23;-;43\n",
    "line ends inside": 'id,note,age,income,score\n1,"a\nb",20,30,40\n2,"c\n\n""d""\n",21,31,41\n3,e,22,32,42\n4,"f",23,33,43\n',
    "no ids": "age\tincome\tscore\tcity\n20\t30\t40\tKöln\n21\t31\t41\tŁódź\n20\t30\t40\tKöln\n22\t32\t42\t\n",
}
"""Files that load without a fault, by what is peculiar about them."""

Lines = list[str]


def _at(lines: Lines, random: Random) -> int:
    return random.randrange(len(lines))


def shuffled(lines: Lines, random: Random) -> Lines:
    """The rows in another order; sometimes the header among them."""
    start = random.choice((0, 1, 1, 1))
    rest = lines[start:]
    random.shuffle(rest)
    return lines[:start] + rest


def doubled(lines: Lines, random: Random) -> Lines:
    """A line twice, side by side or far apart."""
    place = _at(lines, random)
    return [*lines, lines[place]] if random.random() < 0.5 else [*lines[:place], lines[place], *lines[place:]]


def dropped(lines: Lines, random: Random) -> Lines:
    """A line gone."""
    place = _at(lines, random)
    return lines[:place] + lines[place + 1 :] or lines


def joined(lines: Lines, random: Random) -> Lines:
    """Two lines made one."""
    place = _at(lines, random)
    return [*lines[:place], "".join(lines[place : place + 2]), *lines[place + 2 :]]


def torn(lines: Lines, random: Random) -> Lines:
    """One line made two, or a blank one put in."""
    place = _at(lines, random)
    cut = random.randint(0, len(lines[place]))
    return [*lines[:place], lines[place][:cut], lines[place][cut:], *lines[place + 1 :]]


SIGNS = (*('"', '"', '""', ' "', "'", ",", ";", "\t", " ", "-", ".", "?", "€", "9", "e5"), *"\0\xa0\u2028\x0b\x85\ufeff")


def scribbled(lines: Lines, random: Random) -> Lines:
    """A sign put in somewhere: quotes most of all, and what stands for none, for a unit or for a decimal."""
    place = _at(lines, random)
    cut = random.randint(0, len(lines[place]))
    return [*lines[:place], lines[place][:cut] + random.choice(SIGNS) + lines[place][cut:], *lines[place + 1 :]]


def delimited(lines: Lines, random: Random) -> Lines:
    """Another delimiter, everywhere or in one line."""
    old, new = random.choice(",;\t"), random.choice(",;\t|^")
    only = random.choice((None, _at(lines, random)))
    return [line.replace(old, new) if only in (None, place) else line for place, line in enumerate(lines)]


def narrowed(lines: Lines, random: Random) -> Lines:
    """A column gone, as a careless script would do it."""
    mark = max(",;\t", key=lines[0].count)
    place = random.randint(0, lines[0].count(mark))
    return [mark.join(value for at, value in enumerate(line.split(mark)) if at != place) for line in lines]


MUTATIONS: tuple[Callable[[Lines, Random], Lines], ...] = (
    shuffled, doubled, dropped, joined, torn, scribbled, scribbled, delimited, narrowed,
)  # fmt: skip
ENDS = ("\n", "\r\n", "\r", None)
"""What ends the lines; None: each another."""
ENCODINGS = ("utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1")


def as_bytes(lines: Lines, end: str | None, encoding: str, random: Random) -> bytes:
    """The lines as a file; characters that the encoding does not have become ?."""
    text = "".join(line + (end or random.choice(("\n", "\r\n", "\r"))) for line in lines)
    if random.random() < 0.3:
        text = text.rstrip("\r\n")
    return text.encode(encoding, errors="replace")


def damaged(content: bytes, random: Random) -> bytes:
    """A byte flipped, put in or gone, or the rest of the file cut off."""
    if not content:
        return content
    place = random.randrange(len(content))
    match random.randrange(5):
        case 0:
            return content[:place] + bytes([random.randrange(256)]) + content[place + 1 :]
        case 1:
            return content[:place] + bytes([random.randrange(256)]) + content[place:]
        case 2:
            return content[:place] + content[place + 1 :]
        case 3:
            return content[:place] + bytes([content[place] ^ 1 << random.randrange(8)]) + content[place + 1 :]
        case _:
            return content[:place]


FAULT = "\ud800"
"""Stands for bytes that are no text, in the lines below."""
codecs.register_error("fault", lambda error: (FAULT, error.end))


def lines_of(content: bytes, encoding: str) -> Lines:
    """The lines of a file with their ends, in the encoding without its mark."""
    marks = {"utf-8": codecs.BOM_UTF8, "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
    marks |= {"utf-32-le": codecs.BOM_UTF32_LE, "utf-32-be": codecs.BOM_UTF32_BE}
    text = content.removeprefix(marks.get(encoding, b"")).decode(encoding, errors="fault")
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z", text)


def values_of(text: str, delimiter: str, quote: str) -> list[str] | None:
    """The values of a row, read character by character; None where its quotes do not fit."""
    text = text.rstrip("\r\n")
    values, value, state = [], "", "start"
    for sign in [*text, "end"]:
        at_end = sign in (delimiter, "end")
        if state == "quoted":
            if sign == "end":
                return None
            state, value = ("closing", value) if sign == quote else (state, value + sign)
        elif state == "closing" and sign == quote:
            state, value = "quoted", value + quote
        elif at_end:
            values, value, state = [*values, value], "", "start"
        elif state == "closing" or sign in "\r\n":
            return None
        elif state == "start" and sign == quote and not value.strip(" "):
            state, value = "quoted", ""
        else:
            state, value = ("start" if sign == " " and state == "start" else "plain"), value + sign
    if not re.search(f"(^|{re.escape(delimiter)}) +{quote}", text):
        assert values == (next(csv.reader([text], delimiter=delimiter, quotechar=quote, strict=True), None) or [""])
    return values


BLANKS = " \t\n\r\xa0\u200b\ufeff"
MISSING = frozenset(("", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "missing", "?", "??", "???", "-", "--", "–", "—", "."))


def number_of(text: str | None, mark: str) -> float | str | None:
    """A value as Python reads it: a number, None where there is none, else the text."""
    text = (text or "").strip(BLANKS)
    if text.lower() in MISSING:
        return None
    bare = re.sub(r"^[$€£¥₹₺]\s?|\s?[$€£¥₹₺]$", "", text)
    groups = rf"[1-9][0-9]{{0,2}}(?:[{',' if mark == '.' else '.'} '’\xa0\u202f][0-9]{{3}})+"
    written = re.fullmatch(rf"([+-]?(?:[0-9]+|{groups}))(?:{re.escape(mark)}([0-9]+))?", bare)
    if written:
        return float(re.sub("[^0-9+-]", "", written[1]) + "." + (written[2] or "0"))
    try:
        value = float(text) if mark == "." and text.isascii() and "_" not in text else math.nan
    except ValueError:
        return text
    return value if math.isfinite(value) else text
