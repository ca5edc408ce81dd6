"""Numbers and labels as people read them, for whatever writes sentences: the refresh and the dashboard."""

import unicodedata

_LONGEST = 2_000
"""Characters of a line that somebody reads on a terminal."""


def printable(text: str) -> str:
    """What a terminal or a log may be given: no line ends, no controls, no characters that nobody sees; not too long."""
    line = " ".join(text.splitlines())
    line = line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
    return "".join(
        character.encode("unicode_escape").decode() if unicodedata.category(character).startswith("C") else character
        for character in line
    )


def percent(share: float) -> str:
    """0.062 -> "6.2 %"; without decimals from 10 %."""
    return whole_percent(share) if abs(share) >= 0.0995 or share == 0 else f"{share:.1%}".replace("%", " %")


def whole_percent(share: float) -> str:
    """A share that somebody chose: 0.05 -> "5 %"."""
    return f"{share:.0%}".replace("%", " %")


def number(value: float) -> str:
    """Three significant digits, thousands separated: 86.538 -> "86.5"."""
    if abs(value) >= 999.5:
        return f"{value:,.0f}".replace("-", "−")
    text = f"{value:.3g}"
    return (f"{value:.4f}" if "e" in text else text).replace("-", "−")


def inline(label: str) -> str:
    """A label inside a sentence: in lower case, but for words in capitals. "Days since NPS" -> "days since NPS"."""
    return " ".join(word if len(word) > 1 and word.isupper() else word.lower() for word in label.split())


def with_unit(text: str, unit: str) -> str:
    """A number's text with its unit; a unit that is a range, such as 1–100, is not repeated after every number."""
    return f"{text} {unit}" if unit and "–" not in unit else text
