"""What the gate asks of what stands beside customers and transactions: stock, results of campaigns, and the playbook."""

import duckdb

from etl.accounts import LoadReport
from etl.gate import MUCH_MISSING, Gate
from warehouse.blanks import named_id

_EXAMPLES = 3
"""So many things are named of those that are counted."""
_KINDS = {"product": "products", "category": "categories"}


def ask_of_stock(gate: Gate, connection: duckdb.DuckDBPyConnection, loaded: LoadReport) -> None:
    """Whether the stock is of what the transactions sell. Raises GateError where nothing is."""
    for warning in loaded.warnings:
        gate.warned("Reading stock", warning)
    rows = connection.execute(
        """
        select
            item_kind,
            count(*),
            count(*) filter (is_sold),
            count(*) filter (count_rows > 1),
            coalesce(list(item order by on_hand desc, item) filter (not is_sold), [])
        from features.stock
        group by item_kind
        order by item_kind desc
        """
    ).fetchall()
    told = {kind: _sold(kind, count, sold, strangers) for kind, count, sold, _, strangers in rows}
    if not any(sold for _, _, sold, *_ in rows):
        gate.refuse("Stock", "; ".join(told.values()), "write the items of both files alike", can_force=False, given=loaded.given)
    for kind, count, sold, repeated, _ in rows:
        if kind == "category" and "product" in told and sold == count:
            continue  # where the products are told, their categories need no word of their own
        (gate.warned if count - sold > MUCH_MISSING * count else gate.passed)("Stock", f"{told[kind]}.")
        if repeated and kind == "product":
            gate.warned(
                "Stock", f"Several rows, perhaps of several places, are of one product, {repeated:,} times: they were added up."
            )


def _sold(kind: str, count: int, sold: int, strangers: list[str]) -> str:
    named = ", ".join(repr(name) for name in strangers[:_EXAMPLES])
    more = ", …" if len(strangers) > _EXAMPLES else ""
    return f"{sold:,} of {count:,} {_KINDS[kind]} are in the transactions{f'; not {named}{more}' if named else ''}"


def ask_of_results(gate: Gate, connection: duckdb.DuckDBPyConnection, loaded: LoadReport) -> None:
    """Whether every campaign has somebody to compare with, and whether these are the customers."""
    for warning in loaded.warnings:
        gate.warned("Reading results", warning)
    count, alone = connection.execute(
        """
        select count(*), list(campaign order by campaign) filter (count_groups = 1)
        from (select campaign, count(distinct test_group) as count_groups from staging.results group by campaign)
        """
    ).fetchone() or (0, None)
    if alone:
        named = ", ".join(f"'{name}'" for name in alone[:_EXAMPLES])
        which = f"{len(alone)} of {count} campaigns, {named}"
        gate.warned("Campaigns", f"What they brought cannot be told of {which}: one group is missing.")
    else:
        gate.passed("Campaigns", f"Addressed and held out customers are there of {count:,}.")
    total, known = connection.execute(
        f"""
        select count(*), count(people.id)
        from staging.results as results
        left join (
            select {named_id("customer_id")} as id from staging.customers
            union
            select sha256({named_id("customer_id")}) as id from staging.customers
        ) as people on results.customer_id = people.id
        """
    ).fetchone() or (0, 0)
    say = gate.warned if total - known > MUCH_MISSING * total else gate.passed
    say("Customers of campaigns", f"{known:,} of {total:,} rows of results are of a customer, by id or by its hash.")


def ask_of_playbook(gate: Gate, connection: duckdb.DuckDBPyConnection) -> None:
    """Whether there are the features that the plays are about."""
    unknown = connection.execute(
        "select feature, min(play) from segments.play_conditions inner join segments.plays using (position) "
        "anti join (select column_name as feature from features.columns) using (feature) group by feature order by feature"
    ).fetchall()
    if unknown:
        named = ", ".join(f"{feature} (in '{play}')" for feature, play in unknown)
        gate.warned("Playbook", f"There is no feature {named}: plays about it fit no segment.")
    else:
        gate.passed("Playbook", "Every feature that its plays are about is there.")
