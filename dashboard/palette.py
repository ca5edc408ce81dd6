"""Segment colours: one per segment, the same on every page and picture, and used for nothing else."""

COLOURS = (
    "#E69F00",  # orange
    "#56B4E9",  # sky
    "#009E73",  # green
    "#D55E00",  # vermillion
    "#CC79A7",  # purple
    "#B8A900",  # yellow, darkened: #F0E442 cannot be read on white
    "#0072B2",  # blue, late in the order: the interface's own blue, #2563eb, means "selected"
    "#857363",  # black, lightened to a grey-brown: it has to show on a dark page too
)
"""Okabe and Ito's colours (2008), which people with any colour vision can tell apart."""

_SHADES = (("#000000", 0.0), ("#000000", 0.35), ("#ffffff", 0.45))
"""Every round through the colours is mixed with this colour, by this share."""


def segment_colour(index: int) -> str:
    """The colour of palette place `index` (0, 1, …) as #RRGGBB: 8 colours, then 8 darker and 8 lighter ones, then again."""
    towards, share = _SHADES[index // len(COLOURS) % len(_SHADES)]
    channels = zip(_channels(COLOURS[index % len(COLOURS)]), _channels(towards), strict=True)
    return "#" + "".join(f"{round(own + (other - own) * share):02X}" for own, other in channels)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
