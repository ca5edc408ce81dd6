"""Text files as they come: which encoding their bytes are in, what their line ends are, and their lines one by one."""

import codecs
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from warehouse.errors import InputError

UNREADABLE = "\udcff"
"""Stands in a line for bytes that its encoding does not know; no text has it."""

_BLOCK = 1 << 20
BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins like that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF8, "utf-8"),
)
_NOT_CP1252 = frozenset(b"\x81\x8d\x8f\x90\x9d")
_CONTROLS = bytes(byte for byte in range(32) if byte not in b"\t\n\r\f\x1a")


@dataclass(frozen=True)
class Text:
    """A text file, and what a scan of all its bytes tells."""

    path: Path
    """The file."""
    encoding: str
    """Name of its encoding, as Python has it."""
    bom: int
    """Bytes of the mark in front that names the encoding."""
    count_lines: int
    """Lines, those at the end with nothing on them not counted."""
    is_plain: bool
    """UTF-8 without a fault, one kind of line end throughout, no NUL, no blank before a quote: any reader sees the same in it."""
    fingerprint: str
    """SHA-256 of the bytes, hexadecimal."""
    ends_open: bool = False
    """Whether its last line has no end: many files have none there, and so has one that was cut off."""

    def lines(self) -> Iterator[str]:
        """The lines with their ends (LF, CRLF or CR); UNREADABLE where bytes are not of the encoding."""
        codecs.register_error("mark", _mark)
        with self.path.open("rb") as raw:
            raw.seek(self.bom)
            yield from _decoded(raw.fileno(), self.encoding)


def _decoded(descriptor: int, encoding: str) -> Iterator[str]:
    """The lines of an open file from where it stands, decoded, faults marked."""
    with open(descriptor, encoding=encoding, errors="mark", newline="", closefd=False) as file:
        yield from file


def _mark(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return UNREADABLE, error.end


def scan(path: Path, encoding: str | None = None) -> Text:
    """Read all bytes once. `encoding` is what a person says it is; None finds out.

    Raises InputError when the file cannot be read, is no text, or the encoding does not exist.
    """
    codecs.register_error("mark", _mark)
    digest = hashlib.sha256()
    count_lf = count_cr = count_crlf = 0
    has_nul = has_quote_after_blank = False
    is_utf8 = True
    decoder = codecs.getincrementaldecoder("utf-8")()
    before = tail = b""
    with path.open("rb") as file:
        head = file.read(_BLOCK)
        block = head
        while block:
            digest.update(block)
            count_lf += block.count(b"\n")
            count_cr += block.count(b"\r")
            count_crlf += block.count(b"\r\n") + (before == b"\r" and block[:1] == b"\n")
            has_nul = has_nul or b"\0" in block
            has_quote_after_blank = has_quote_after_blank or b' "' in before + block
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                is_utf8 = False
                decoder.reset()
            before, tail = block[-1:], (tail + block)[-_BLOCK:]
            block = file.read(_BLOCK)
    is_utf8 = is_utf8 and not decoder.getstate()[0]
    found, bom = _encoding(path, head, is_utf8, encoding)
    refuse_binary(path, head[bom:], found)
    ends_in_lf = count_cr == 0 or (count_cr == count_crlf == count_lf)
    return Text(
        path,
        found,
        bom,
        count_lf + (before not in (b"\n", b"")) - _trailing_blank_lines(tail),
        is_plain=found == "utf-8" and is_utf8 and ends_in_lf and not has_nul and not has_quote_after_blank,
        fingerprint=digest.hexdigest(),
        ends_open=not any(end in tail[-4:] for end in (b"\n", b"\r")),
    )


def _trailing_blank_lines(tail: bytes) -> int:
    body = tail.rstrip(b" \t\r\n")
    return max(0, tail[len(body) :].count(b"\n") - 1 + (not tail.endswith(b"\n") and len(body) < len(tail)))


def _encoding(path: Path, head: bytes, is_utf8: bool, said: str | None) -> tuple[str, int]:
    """The name of the encoding, and the bytes of the mark in front."""
    marked = next(((name, len(bom)) for bom, name in BOMS if head.startswith(bom)), None)
    if said is not None:
        try:
            name = codecs.lookup(said).name
            b"a".decode(name, errors="mark")  # some turn bytes into bytes, or are names for what cannot be done
        except (LookupError, ValueError) as error:
            raise InputError(f"{path}: there is no encoding '{said}'") from error
        if marked and marked[0].startswith(name):
            return marked
        return (_without_mark(head) or f"{name}-le", 0) if name in ("utf-16", "utf-32") else (name, 0)
    if marked:
        return marked
    if (wide := _without_mark(head)) is not None:
        return wide, 0
    return ("utf-8" if is_utf8 else _eight_bits(path)), 0


def _without_mark(head: bytes) -> str | None:
    """UTF-16 shows by the zeros of its first characters: every second byte."""
    start = head[:1_000]
    even, odd = start[0::2].count(0), start[1::2].count(0)
    if odd > len(start) // 4 and not even:
        return "utf-16-le"
    return "utf-16-be" if even > len(start) // 4 and not odd else None


def _eight_bits(path: Path) -> str:
    """Bytes that are not UTF-8: damaged UTF-8 where most of what is beyond ASCII is, else Windows-1252, or Latin-1."""
    good = bad = 0
    others: set[int] = set()
    with open(path, encoding="utf-8", errors="mark", newline="") as file:
        while block := file.read(_BLOCK):
            if not block.isascii():
                faults = block.count(UNREADABLE)
                bad += faults
                good += sum(character > "\x7f" for character in block) - faults
    if good > bad:
        return "utf-8"
    with path.open("rb") as raw:
        while bytes_ := raw.read(_BLOCK):
            others |= _NOT_CP1252.intersection(bytes_)
    return "latin-1" if others else "cp1252"


def refuse_binary(path: Path, head: bytes, encoding: str) -> None:
    """Raise InputError where the beginning of a file is no text."""
    start = head[:4_096].decode(encoding, errors="mark")
    controls = sum(character < " " and ord(character) in _CONTROLS for character in start)
    if controls > max(1, len(start) // 50) or start.count(UNREADABLE) > len(start) // 10:
        raise InputError(f"{path}: is not a text file; give CSV, Parquet or Excel")
