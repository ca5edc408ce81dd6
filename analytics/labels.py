"""What people call segments: read from the history, put over the automatic names once it is known which segment is which."""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from analytics.naming import with_given
from analytics.points import Labels


@dataclass(frozen=True)
class Called:
    """How the segments of a clustering are called and described, by label."""

    names: Sequence[str]
    """(k,): the name that is shown."""
    automatic: Sequence[str]
    """(k,): the automatic one."""
    descriptions: Sequence[str | None]
    """(k,): what a person wrote; None where nobody has."""


def called(
    connection: duckdb.DuckDBPyConnection, segmentation: str, algorithm: str, ids: Labels, automatic: Sequence[str]
) -> Called:
    """Put the newest labels of segments.labels over the automatic names (k,) of the segments with these ids (k,)."""
    places = {int(segment): place for place, segment in enumerate(ids)}
    rows = connection.execute(
        "select segment_id, segment_name, description from segments.newest_labels "
        "where segmentation = ? and algorithm = ? order by labelled_at desc",
        [segmentation, algorithm],
    ).fetchall()
    own = [(places[segment], name, description) for segment, name, description in rows if segment in places]
    names, told = with_given(automatic, {place: name for place, name, _ in own if name is not None})
    descriptions = {place: description for place, _, description in own}
    return Called(names, told, [descriptions.get(place) for place in range(len(ids))])
