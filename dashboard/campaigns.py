"""Campaigns: what the page of campaigns asks of the warehouse.

A split is made by SQL, and comes out the same on any machine: customers stand by strata (their segment, and its fourths by what
they spend), within each in the order of the MD5 of the campaign's name and their id, and of every ten, say, one is held out.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dashboard import format, queries
from dashboard.export import safe_text
from dashboard.filters import Clause, english, inlined
from dashboard.queries import Row
from warehouse.connection import Snapshot, literal
from warehouse.errors import InputError

SHARES = (0.05, 0.1, 0.2, 0.3, 0.5)
"""Of the customers, that may be held out."""
WINDOWS = (7, 28, 91)
"""Days over which a campaign may be judged."""
_NAME = re.compile(r"\w[\w .-]{0,59}")


@dataclass(frozen=True)
class Campaign:
    """What a campaign is to be: whom it is for, and how many of them are left alone to compare with."""

    name: str
    segmentation: str
    algorithm: str
    segment_id: int | None
    """The segment it is for; None for all of the selection."""
    segment_name: str | None
    clauses: tuple[Clause, ...]
    """The selection of Explore, the segment not among it."""
    share: float
    """Of the customers that are held out."""
    value: str | None
    """The column by whose fourths a segment is divided: what they spent, else the first number the segments were made from."""
    value_label: str | None

    @property
    def dimension(self) -> str:
        """The column of marts.customers that has the segment."""
        return f"{self.segmentation}_{self.algorithm}"

    @property
    def condition(self) -> str:
        """Whom it is for, as SQL that can be run as it stands."""
        own = [] if self.segment_id is None else [f"{self.dimension} = {self.segment_id}"]
        return " and ".join([*own, *([inlined(self.clauses)] if self.clauses else [])]) or "true"

    @property
    def whom(self) -> str:
        """Whom it is for, in words."""
        own = [] if self.segment_name is None else [self.segment_name]
        return ", ".join([*own, *([english(self.clauses)] if self.clauses or not own else [])])

    @property
    def strata(self) -> str:
        """What the customers of a stratum have in common, in words."""
        return f"their segment and its fourths by {self.value_label.lower()}" if self.value_label else "their segment"

    @property
    def start(self) -> float:
        """Where in the first round the counting begins, 0 to 1, so that everybody is as likely to be held out."""
        return int(hashlib.md5(self.name.encode()).hexdigest()[:8], 16) / 2**32

    def count_held(self, count: int, share: float | None = None) -> int:
        """How many of `count` customers are held out."""
        return int(self.start + count * (self.share if share is None else share))


def campaign(db: Snapshot, run: Row, clauses: Sequence[Clause], name: Any, segment: Any, share: Any) -> Campaign:
    """What was chosen. Raises InputError in words for what cannot be."""
    name = name.strip() if isinstance(name, str) else ""
    if not _NAME.fullmatch(name):
        raise InputError("give the campaign a name of letters, digits, blanks, points and dashes, 60 at most")
    if db.value("select count(*) from marts.campaigns where campaign = ?", [name]):
        raise InputError(f"there are results of a campaign '{name}' already: give this one another name")
    if share not in [str(one) for one in SHARES]:
        raise InputError("that share cannot be held out")
    names = {str(row["segment_id"]): row for row in queries.segments(db, run["segmentation"], run["algorithm"])}
    if not (segment is None or isinstance(segment, str)) or (segment and segment not in names):
        raise InputError("there is no such segment")
    one = names.get(segment or "", {})
    labels = {column["column_name"]: column["label"] for column in _numbers(db)}
    value = next((column for column in ("monetary", *run["features"]) if column in labels), None)
    return Campaign(
        name,
        run["segmentation"],
        run["algorithm"],
        one.get("segment_id"),
        one.get("segment_name"),
        tuple(clauses),
        float(share),
        value,
        labels.get(value or ""),
    )


def playbook(db: Snapshot, segmentation: str, algorithm: str) -> list[Row]:
    """What to do with each segment, with its colour."""
    return db.rows(
        "select segments.colour, playbook.* from marts.playbook as playbook "
        "inner join marts.segment_profiles as segments using (segmentation, algorithm, segment_id) "
        "where segmentation = ? and algorithm = ? order by segment_id",
        [segmentation, algorithm],
    )


def measured(db: Snapshot) -> list[Row]:
    """What earlier campaigns brought."""
    return db.rows("from marts.campaigns order by campaign")


def sizes(db: Snapshot, chosen: Campaign) -> tuple[int, int]:
    """How many customers would be addressed, and how many held out."""
    count = int(db.value(f"select count(*) from marts.customers where {chosen.condition}"))
    held = chosen.count_held(count)
    return count - held, held


def balance(db: Snapshot, chosen: Campaign) -> list[Row]:
    """Per number its means in both groups, and how far these are apart, in standard deviations of all of them."""
    columns = _numbers(db)
    sums = ", ".join(
        f"avg({name}) filter (test_group = 'treatment') as treated_{place}, "
        f"avg({name}) filter (test_group = 'holdout') as held_{place}, stddev_pop({name}) as deviation_{place}"
        for place, name in enumerate(column["column_name"] for column in columns)
    )
    if not sums:
        return []
    found = db.rows(f"select {sums} from ({split_sql(chosen)}) inner join marts.customers using (customer_id)")[0]
    rows = []
    for place, column in enumerate(columns):
        treated, held, deviation = (found[f"{part}_{place}"] for part in ("treated", "held", "deviation"))
        apart = _apart(treated, held, deviation)
        rows.append({"label": column["label"], "unit": column["unit"], "treated": treated, "held": held, "apart": apart})
    return rows


def _apart(treated: float | None, held: float | None, deviation: float | None) -> float | None:
    if treated is None or held is None:
        return None
    return (treated - held) / deviation if deviation else 0.0


def usual(db: Snapshot, chosen: Campaign, days: int) -> Row | None:
    """What such customers did in the last days by themselves: the share who bought, and what a customer spent.

    None where there are no transactions, or for fewer days.
    """
    observed = db.rows("from features.observation")[0]
    if not observed["count_days"] or observed["count_days"] < days:
        return None
    return db.rows(
        f"""
        with members as (
            select customer_id
            from marts.customers
            where {chosen.condition}
        ),

        spent as (
            select
                customer_id,
                sum(amount)::double as amount,
                bool_or(line_kind = 'sale') as is_buyer
            from features.transaction_lines
            where is_counted and occurred_at >= (select last_day from features.observation) - {days - 1}
            group by customer_id
        )

        select
            count(*) filter (is_buyer) / count(*) as rate,
            avg(coalesce(amount, 0)) as mean,
            stddev_samp(coalesce(amount, 0)) as deviation
        from members
        left join spent using (customer_id)
        """
    )[0]


def split_sql(chosen: Campaign) -> str:
    """The statement of a split, to be run as it stands: customer_id, test_group and stratum."""
    share, start = f"cast({chosen.share} as double)", f"cast({chosen.start!r} as double)"
    segment, value = chosen.dimension, chosen.value
    fours = f" || '-' || ntile(4) over (partition by {segment} order by {value}, customer_id)" if value else ""
    return f"""
        with members as (
            select
                customer_id,
                {segment} || ''{fours} as stratum
            from marts.customers
            where {chosen.condition}
        ),

        ordered as (
            select
                *,
                row_number() over (
                    order by stratum, md5_number_lower({literal(chosen.name + "/")} || customer_id), customer_id
                ) as place
            from members
        )

        select
            customer_id,
            case
                when floor(place * {share} + {start}) > floor((place - 1) * {share} + {start})
                    then 'holdout'
                else 'treatment'
            end as test_group,
            stratum
        from ordered
    """


def list_sql(chosen: Campaign, is_hashed: bool, is_sheet: bool = False) -> str:
    """The statement of the list that is downloaded; `is_sheet` where a spreadsheet may open it."""
    own = f"{safe_text('customer_id')} as customer_id" if is_sheet else "customer_id"
    shown = "sha256(customer_id) as customer_hash" if is_hashed else own
    ordered = "customer_hash" if is_hashed else queries.sorted_by("customer_id", is_descending=False)
    return f"""
        select
            {literal(chosen.name)} as campaign,
            {shown},
            test_group,
            stratum
        from ({split_sql(chosen)}) as split
        order by {ordered}
    """


def provenance(db: Snapshot, chosen: Campaign, is_hashed: bool) -> dict[str, Any]:
    """Where a list comes from: enough to make it again."""
    about = queries.provenance(db)
    treated, held = sizes(db, chosen)
    return {
        "campaign": chosen.name,
        "customers": chosen.whom,
        "condition": chosen.condition,
        "treatment": treated,
        "holdout": held,
        "holdout_share": chosen.share,
        "strata": chosen.strata,
        "ids": "SHA-256, hexadecimal" if is_hashed else "as in the source",
        "source_file": about["source_file"],
        "source_fingerprint": about["source_fingerprint"],
        "is_synthetic": about["is_synthetic"],
        "version": about["version"],
        "built_at": f"{about['built_at']:%Y-%m-%dT%H:%M:%SZ}",
        "sql": format.sql(list_sql(chosen, is_hashed)),
    }


def _numbers(db: Snapshot) -> list[Row]:
    """The columns of numbers that the dashboard shows."""
    return [column for column in queries.customer_columns(db) if column["kind"] == "numeric"]
