"""The statements that several pages share. Each takes a snapshot and returns plain rows."""

from typing import Any

from dashboard.filters import Dimension
from warehouse.connection import Snapshot

Row = dict[str, Any]


def provenance(db: Snapshot) -> Row:
    """File, customers, version and time of the warehouse: marts.provenance."""
    return db.rows("from marts.provenance")[0]


def clusterings(db: Snapshot) -> list[Row]:
    """The clusterings, and how far each can be trusted, in the order of the segmentations file."""
    return db.rows("from marts.clusterings order by segmentation_position, algorithm desc")


def known_run(db: Snapshot, segmentation: str | None, algorithm: str | None) -> Row:
    """A clustering, or the first where there is none such: an address may be older than the warehouse."""
    runs = clusterings(db)
    return next((run for run in runs if (run["segmentation"], run["algorithm"]) == (segmentation, algorithm)), runs[0])


def dimensions(db: Snapshot) -> dict[str, Dimension]:
    """What the Explore page can filter by, by column of marts.customers."""
    names: dict[str, dict[int, str]] = {}
    for row in db.rows(
        "select segmentation || '_' || algorithm as dimension, segment_id, segment_name from marts.segment_profiles"
    ):
        names.setdefault(row["dimension"], {})[row["segment_id"]] = row["segment_name"]
    labels = {
        f"{row['segmentation']}_{row['algorithm']}": f"{row['segmentation_title']} segment, {ALGORITHM_TITLES[row['algorithm']]}"
        for row in clusterings(db)
    }
    return {
        row["dimension"]: Dimension(
            row["dimension"],
            row["kind"],
            labels.get(row["dimension"], row["label"]),
            row["unit"],
            names.get(row["dimension"]),
            row["scale"],
            row["is_in_cube"],
        )
        for row in db.rows(
            "select dimension, kind, label, unit, scale, is_in_cube from marts.crossfilter_dimensions order by position"
        )
    }


def segments(db: Snapshot, segmentation: str, algorithm: str) -> list[Row]:
    """The segments of a clustering: id, name, colour, size, share and means in ordinary units."""
    return db.rows(
        "from marts.segment_profiles where segmentation = ? and algorithm = ? order by segment_id", (segmentation, algorithm)
    )


def feature_profiles(db: Snapshot, segmentation: str, algorithm: str) -> list[Row]:
    """Per segment and number: mean, median, quartiles and the difference from everyone, with label and unit."""
    return db.rows(
        """
        select profiles.*, columns.label, columns.unit, columns.scale
        from marts.segment_feature_profiles as profiles
        inner join marts.customer_columns as columns on columns.column_name = profiles.feature
        where profiles.segmentation = ? and profiles.algorithm = ?
        order by columns.position, profiles.segment_id
        """,
        (segmentation, algorithm),
    )


def category_profiles(db: Snapshot, segmentation: str, algorithm: str) -> list[Row]:
    """Per segment, category and value: customers and shares."""
    return db.rows(
        """
        select profiles.*, columns.label
        from marts.segment_category_profiles as profiles
        inner join marts.customer_columns as columns on columns.column_name = profiles.feature
        where profiles.segmentation = ? and profiles.algorithm = ?
        order by columns.position, profiles.value, profiles.segment_id
        """,
        (segmentation, algorithm),
    )


def k_evaluation(db: Snapshot, segmentation: str) -> list[Row]:
    """The indices of every k tried, both algorithms."""
    return db.rows(
        "from segments.k_evaluation semi join segments.newest_run using (run_id) where segmentation = ? order by algorithm desc, k",
        (segmentation,),
    )


def agreement(db: Snapshot, segmentation: str) -> float:
    """How far K-Means and Ward agree: the adjusted Rand index, 1 for the same groups."""
    return float(db.value("select adjusted_rand_index from marts.algorithm_agreement where segmentation = ?", (segmentation,)))


def k_by_index(db: Snapshot, segmentation: str, algorithm: str) -> dict[str, int]:
    """By index of fit, a column of segments.k_evaluation: the k it would choose alone, 1 for no segments."""
    rows = db.rows(
        "from segments.k_by_index semi join segments.newest_run using (run_id) where segmentation = ? and algorithm = ?",
        (segmentation, algorithm),
    )
    return {row["index_name"]: row["k"] for row in rows}


def silhouettes(db: Snapshot, segmentation: str, algorithm: str) -> list[Row]:
    """Silhouette width per customer of the sample, by segment, widest first."""
    return db.rows(
        """
        select segment_id, silhouette
        from segments.assignments
        where segmentation = ? and algorithm = ? and silhouette is not null
        order by segment_id, silhouette desc
        """,
        (segmentation, algorithm),
    )


def leaves(db: Snapshot, segmentation: str) -> list[Row]:
    """The leaves of the dendrogram that hold customers: leaf_id, the segment_id of Ward's method, count_customers."""
    return db.rows(
        """
        select
            leaf_id,
            any_value(segment_id) as segment_id,
            count(*) as count_customers
        from segments.assignments
        where segmentation = ? and algorithm = 'hierarchical'
        group by leaf_id
        """,
        (segmentation,),
    )


def merges(db: Snapshot, segmentation: str) -> list[Row]:
    """The dendrogram, lowest merge first, with the customers on either side (left_size, right_size): a few thousand at most.

    A branch whose customers were all erased on request is left out, and what merged with it stands for that merge.
    """
    sizes = {leaf["leaf_id"]: leaf["count_customers"] for leaf in leaves(db, segmentation)}
    stands_for: dict[int, int] = {}
    found = []
    for merge in db.rows("from segments.merges where segmentation = ? order by merge_id", (segmentation,)):
        left, right = (stands_for.get(part, part) for part in (merge["left_id"], merge["right_id"]))
        left_size, right_size = sizes.get(left, 0), sizes.get(right, 0)
        sizes[merge["merge_id"]] = left_size + right_size
        if left_size and right_size:
            sides = {"left_id": left, "right_id": right, "left_size": left_size, "right_size": right_size}
            found.append({**merge, **sides, "size": left_size + right_size})
        else:
            stands_for[merge["merge_id"]] = left if left_size else right
    return found


def scatter_sample(db: Snapshot, dimension: str, x: str, y: str, count: int) -> dict[str, list[Any]]:
    """At most `count` customers as columns x, y and segment_id; the same ones every time. The names are of columns."""
    return db.columns(
        f"select {x} as x, {y} as y, {dimension} as segment_id from marts.customers "
        "order by hash(customer_id), customer_id limit ?",
        (count,),
    )


def cross_table(db: Snapshot, segmentation: str) -> list[Row]:
    """Customers per pair of K-Means and Ward segments."""
    return db.rows("from marts.algorithm_cross_table where segmentation = ?", (segmentation,))


def members(segmentation: str, algorithm: str, condition: str) -> str:
    """SQL: the customers whom a condition leaves, with the name of their segment. The clustering is a known one."""
    return f"""
            select customer_id, segment_name
            from (select customer_id, {segmentation}_{algorithm} as segment_id from marts.customers where {condition})
            inner join (
                select segment_id, segment_name
                from marts.segment_profiles
                where segmentation = '{segmentation}' and algorithm = '{algorithm}'
            ) using (segment_id)
        """


def sorted_by(column: str, is_descending: bool, of: str = "") -> str:
    """How SQL orders customers by a column, `of` a relation ("chosen."); ids that are numbers are in the order of the numbers."""
    direction = "desc" if is_descending else "asc"
    if column != "customer_id":
        return f"{of}{column} {direction}"
    nulls = "first" if is_descending else "last"  # ids that are no numbers stand after the others, or before them in reverse
    return f"try_cast({of}customer_id as hugeint) {direction} nulls {nulls}, {of}customer_id {direction}"


def columns(db: Snapshot) -> list[Row]:
    """The columns of marts.customers but for the segments, those too that no chart shows."""
    return db.once("columns", lambda version: version.rows("from marts.customer_columns order by position"))


def customer_columns(db: Snapshot) -> list[Row]:
    """The columns of the customer table but for the segments: name, label, unit, kind and scale."""
    return db.rows(
        "select column_name, label, unit, kind, scale from marts.customer_columns where is_charted "
        "order by kind <> 'id', kind = 'numeric', position"
    )


def load_sources(db: Snapshot) -> list[Row]:
    """The files that were loaded, with what became of their rows."""
    return db.rows("from marts.load_sources order by source, source_file")


def load_rejects(db: Snapshot, examples: int) -> list[Row]:
    """The kinds of rejected rows, the most frequent first, each with at most `examples` of its rows."""
    return db.rows("from marts.load_rejects where place <= ? order by source, count_rows desc, rule, place", (examples,))


def source_columns(db: Snapshot) -> list[Row]:
    """What each column of the source was taken for, and what it holds."""
    return db.rows("from marts.columns order by source, position")


def transaction_accounting(db: Snapshot) -> list[Row]:
    """What became of the lines of the transactions; none where none were given."""
    return db.rows("from marts.transaction_accounting order by is_counted desc, count_lines desc, line_kind, customer")


def gate(db: Snapshot) -> list[Row]:
    """What was asked before the version was published, and what was found."""
    return db.rows("from marts.gate order by position")


def distributions(db: Snapshot, run_id: int | None) -> dict[str, list[Row]]:
    """By dimension: the bins of a run with their customers."""
    found: dict[str, list[Row]] = {}
    for row in db.rows("from marts.distribution_history where run_id = ? order by dimension, bin", (run_id,)):
        found.setdefault(row["dimension"], []).append(row)
    return found


def previous_run(db: Snapshot) -> int | None:
    """The run that the newest one is compared with; None for the first."""
    return db.value(  # type: ignore[no-any-return]
        "select max(run_id) from marts.distribution_history where run_id < (select version from marts.provenance)"
    )


def shifts(db: Snapshot) -> dict[str, Row]:
    """By dimension: how far it has moved since the run before."""
    return {row["dimension"]: row for row in db.rows("from marts.distribution_shifts")}


ALGORITHM_TITLES = {"kmeans": "K-Means", "hierarchical": "Ward"}
"""What people call the algorithms."""
