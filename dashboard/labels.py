"""Where the names of marks stand in a plot: near their marks, whole, and never one over another."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import hypot

WIDTHS = (440, 640, 960, 1320, 1720)
"""The widths of a plot, in pixels, that a place has to do for: how wide the page is, only the browser knows."""
NEAR = 8
"""Pixels between the middle of a mark and its name."""
BESIDE = 12
"""Pixels from the middle of a mark to a name beside it."""
_ASIDE = (0, 40, 96, 160, 224)
_UP = (NEAR, 32, 56, 80, 112, 144, 176, 208, 240)
_TRIES = 12
_TRIED_NAMES = 120
"""At most so many names are tried in all, so that many segments do not keep the page waiting."""
_ALONG = 16
"""Parts of a line that are looked at."""
_MARK = 8
"""Pixels from the middle of a mark to its edge."""

Box = tuple[float, float, float, float]
"""Left, bottom, right and top, in pixels."""


@dataclass(frozen=True)
class Place:
    """Where a name stands, seen from its mark."""

    anchor: str
    """The part of the name that is held at the place: left, center or right."""
    aside: int
    """Pixels from the mark to the right, or, where it is negative, to the left."""
    up: int
    """Pixels from the mark up to the lower edge of the name, or, where it is negative, down to the upper edge; 0: level."""

    @property
    def is_apart(self) -> bool:
        """Whether the name is so far from its mark that a line has to lead there."""
        return abs(self.aside) > BESIDE or abs(self.up) > NEAR


def places(marks: Sequence[tuple[float, float]], sizes: Sequence[tuple[float, float]], height: float) -> list[Place | None]:
    """A place per name; None for a name that fits nowhere.

    `marks` are the marks as shares of the plot's width and height, from the lower left; `sizes` the widths and heights of their
    names and `height` that of the plot, in pixels.
    """
    order, best = list(range(len(marks))), None
    hand = random.Random(0)  # the same places every time
    for attempt in range(min(_TRIES, 1 + _TRIED_NAMES // (1 + len(marks)))):
        found = _in_turn(order, marks, sizes, height)
        if best is None or found.count(None) < best.count(None):
            best = found
        if None not in best:
            break
        hand.shuffle(order)
        if attempt % 2 == 0:
            order.sort(key=lambda number: found[number] is not None)  # what found no room chooses first
    return best or []


def _in_turn(
    order: Sequence[int], marks: Sequence[tuple[float, float]], sizes: Sequence[tuple[float, float]], height: float
) -> list[Place | None]:
    """A place per name, each the best that those before it in `order` have left."""
    plots = [_Plot(width, height, [_mark(mark, width, height) for mark in marks]) for width in WIDTHS]
    found: list[Place | None] = [None] * len(marks)
    for number in order:
        for place in _candidates(marks[number]):
            if all(plot.has_room(place, number, marks[number], sizes[number]) for plot in plots):
                found[number] = place
                for plot in plots:
                    plot.take(place, marks[number], sizes[number])
                break
    return found


@dataclass
class _Plot:
    """A plot of one width, with what stands in it."""

    width: float
    height: float
    marks: Sequence[Box]
    names: list[Box] = field(default_factory=list)
    lines: list[Box] = field(default_factory=list)
    """The lines from marks to names, as small boxes."""

    def has_room(self, place: Place, number: int, mark: tuple[float, float], size: tuple[float, float]) -> bool:
        """Whether the name of a mark is inside the plot there and off all else, and its line as well.

        A name that is apart stays so far from other marks that it is not taken for theirs.
        """
        box = _box(place, mark, size, self.width, self.height)
        if box[0] < 0 or box[1] < 0 or box[2] > self.width or box[3] > self.height:
            return False
        others = [other for index, other in enumerate(self.marks) if index != number]
        room = 2 * NEAR if place.is_apart else 0
        wide = box[0] - room, box[1] - room, box[2] + room, box[3] + room
        if any(overlap(wide, other) for other in others) or any(overlap(box, other) for other in (*self.names, *self.lines)):
            return False
        return not any(overlap(part, other) for part in self.line(place, mark) for other in (*others, *self.names))

    def take(self, place: Place, mark: tuple[float, float], size: tuple[float, float]) -> None:
        """Put the name there."""
        self.names.append(_box(place, mark, size, self.width, self.height))
        self.lines.extend(self.line(place, mark))

    def line(self, place: Place, mark: tuple[float, float]) -> list[Box]:
        """The line from the mark to the name; nothing where the name is near."""
        across, up = mark[0] * self.width, mark[1] * self.height
        shares = [step / _ALONG for step in range(1, _ALONG)] if place.is_apart else []
        points = [(across + share * place.aside, up + share * place.up) for share in shares]
        return [(x - 2, y - 2, x + 2, y + 2) for x, y in points]


def _candidates(mark: tuple[float, float]) -> Iterator[Place]:
    """The best place first: above or below, and growing away from an edge that is near; then further and further off."""
    first = "left" if mark[0] < 0.25 else "right" if mark[0] > 0.75 else "center"
    anchors = (first, *(other for other in ("center", "left", "right") if other != first))
    yield from (Place(anchor, 0, up) for up in (NEAR, -NEAR) for anchor in anchors)
    yield from (Place("left", BESIDE, 0), Place("right", -BESIDE, 0))
    for aside, up in sorted(product(_ASIDE, _UP), key=lambda step: (hypot(*step), step)):
        for signed_up in (up, -up):
            if aside == 0:
                yield from (Place(anchor, 0, signed_up) for anchor in anchors)
            else:
                yield from (Place("left", aside, signed_up), Place("right", -aside, signed_up))


def overlap(one: Box, other: Box) -> bool:
    """Whether two boxes have a place in common."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _mark(mark: tuple[float, float], width: float, height: float) -> Box:
    across, up = mark[0] * width, mark[1] * height
    return across - _MARK, up - _MARK, across + _MARK, up + _MARK


def _box(place: Place, mark: tuple[float, float], size: tuple[float, float], width: float, height: float) -> Box:
    left = mark[0] * width + place.aside - size[0] * {"left": 0.0, "center": 0.5, "right": 1.0}[place.anchor]
    bottom = mark[1] * height + place.up - size[1] * (0.0 if place.up > 0 else 1.0 if place.up < 0 else 0.5)
    return left, bottom, left + size[0], bottom + size[1]
