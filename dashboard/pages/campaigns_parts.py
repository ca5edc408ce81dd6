"""What the page of campaigns shows: the playbook, the split that is being built with its lists, and what campaigns brought."""

import json
import math
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from dash import html

from dashboard import campaigns, format, power, queries
from dashboard.campaigns import Campaign
from dashboard.pages import sheet
from dashboard.queries import Row
from warehouse.connection import Snapshot
from warehouse.errors import InputError

LISTS = "/campaigns/list"
"""Where the lists are downloaded, .csv or .parquet, and .json, which says where they come from."""
_CHANCE = 1.96
"""Standard errors that the means of two groups made by chance are apart in one case of twenty."""
_VERDICTS = {"more": "✓ brought more", "less": "brought less", "cannot be told": "cannot be told from chance"}
_USUAL = 0.05
"""The share who respond by themselves where nothing tells."""


def segments_offered(db: Snapshot, run: Row, segment: Any) -> tuple[list[dict[str, str]], str]:
    """The segments a campaign can be for, and the one chosen, as long as it is there."""
    offered = [{"value": "", "label": "Everyone in the selection"}]
    for row in queries.segments(db, run["segmentation"], run["algorithm"]):
        offered.append({"value": str(row["segment_id"]), "label": f"{row['segment_name']} ({format.count(row['size'])})"})
    return offered, segment if segment in [one["value"] for one in offered] else ""


def answer(db: Snapshot) -> Any:
    """The first line of the page: what campaigns brought so far."""
    rows = campaigns.measured(db)
    if not rows:
        told = (
            "This version was given no results of campaigns. The playbook says what to try with which segment; hold some customers "
            "out to see whether it helps."
        )
    else:
        more, less = (sum(row["verdict"] == verdict for row in rows) for verdict in ("more", "less"))
        told = (
            f"Of {_many(len(rows), 'campaign')} with results, {format.count(more)} brought more than would have come anyway"
            f"{f', {format.count(less)} less' if less else ''}; of {format.count(len(rows) - more - less)} it cannot be told."
        )
    return html.P(told, className="answer")


def _many(count: int, what: str) -> str:
    return f"{format.count(count)} {what}{'' if count == 1 else 's'}"


def playbook(db: Snapshot, run: Row) -> Any:
    """What to do with each segment, and why."""
    key = (run["segmentation"], run["algorithm"])
    profiles = {(row["segment_id"], row["feature"]): row for row in queries.feature_profiles(db, *key)}
    plays = campaigns.playbook(db, *key)
    has_offers = any(row["offer"] for row in plays)
    titles = [("Segment", "words"), ("Customers", None), ("Play", "words"), ("What to do", "words"), ("Because", "words")]
    titles += [("Offer", "words")] if has_offers else []
    body = []
    for row in plays:
        because = ", ".join(_level(profiles[row["segment_id"], feature]) for feature in row["features"] or [])
        cells = [
            html.Td([sheet.dot(row), row["segment_name"]], className="words segment"),
            html.Td(format.count(row["size"])),
            html.Td(html.Strong(row["play"] or "–"), className="words"),
            html.Td(row["advice"] or "No play of the playbook fits.", className="words sentence"),
            html.Td(because or "no other play fits", className="words sentence" if because else "words sentence muted"),
        ]
        body.append(html.Tr([*cells, *([html.Td(_offer(row), className="words")] if has_offers else [])]))
    head = html.Thead(html.Tr([html.Th(title, className=look) for title, look in titles]))
    caption = html.Span("of analytics/playbook.toml, or PLAYBOOK=path", className="view-caption")
    return html.Section(
        [
            html.H2(["Playbook", caption]),
            sheet.scrolling(html.Table([head, html.Tbody(body)], className="numbers plays"), "Playbook"),
            sheet.sql(f"from marts.playbook\nwhere segmentation = '{key[0]}' and algorithm = '{key[1]}'"),
        ],
        className="panel",
    )


def _level(profile: Row) -> str:
    """A feature of a segment beside everyone's: "annual income 86.5 k$ (everyone 60.6)"."""
    middle = "median" if profile["scale"] == "log" else "mean"
    value = format.quantity(profile[middle], profile["unit"])
    return f"{format.inline(profile['label'])} {value} (everyone {format.number(profile[f'{middle}_everyone'])})"


def _offer(row: Row) -> str:
    return f"{row['offer']} (×{format.number(row['offer_lift'])})" if row["offer"] else "–"


def split(db: Snapshot, campaign: Campaign, days: Any, rate: Any, is_hashed: Any, chosen: Any) -> list[Any]:
    """Who would be addressed and who held out, how small a lift that shows, whether both are alike, and the lists."""
    window = next((one for one in campaigns.WINDOWS if str(one) == days), None)
    if window is None or not (rate in (None, "") or (isinstance(rate, int | float) and 0 <= rate < 100)):
        raise InputError("give the share who respond anyway in percent, from 0 to below 100")
    treated, held = campaigns.sizes(db, campaign)
    if not (treated and held):
        return [html.P(_too_few(campaign, treated + held), className="answer")]
    usual = campaigns.usual(db, campaign, window)
    share = rate / 100 if isinstance(rate, int | float) else usual["rate"] if usual else _USUAL
    words = _who(campaign, treated, held) + _anyway(share, usual, isinstance(rate, int | float), window)
    words += f" {_shows(power.smallest_lift(share, treated, held), share)}"
    means, lifts = campaigns.balance(db, campaign), _lifts(campaign, treated + held, share, usual)
    return [
        html.P(words, className="answer"),
        html.Div(
            [
                html.Section([html.H3("How small a lift shows?"), lifts], className="half"),
                html.Section([html.H3("Are the two groups alike?"), *_alike(means, treated, held)], className="half"),
            ],
            className="panels",
        ),
        html.Div(_lists(db, campaign, chosen, bool(is_hashed)), className="lists"),
        sheet.sql(campaigns.list_sql(campaign, bool(is_hashed))),
    ]


def _too_few(campaign: Campaign, count: int) -> str:
    if not count:
        return f"Nobody is in this selection ({campaign.whom})."
    return f"{format.count(count)} customers are too few ({campaign.whom}): one of the two groups would be empty."


def _who(campaign: Campaign, treated: int, held: int) -> str:
    return (
        f"Of {format.count(treated + held)} customers ({campaign.whom}), {format.count(treated)} are addressed and "
        f"{format.count(held)} held out to compare with, by chance among customers alike in {campaign.strata}. "
    )


def _anyway(share: float, usual: Row | None, is_said: bool, window: int) -> str:
    if is_said:
        return f"If {format.percent(share)} respond anyway:"
    if usual is None:
        return f"Nothing tells how many respond anyway; if {format.percent(share)} do:"
    return f"{format.percent(share)} of them bought in the last {window} days by themselves:"


def _shows(lift: float | None, rate: float) -> str:
    if rate >= 1:
        return "no campaign can add to that."
    if lift is None:
        return "no lift at all would show in groups as small as these."
    return f"a lift shows, four times of five, if the campaign adds {format.number(100 * lift)} percentage points or more."


def _lifts(campaign: Campaign, count: int, rate: float, usual: Row | None) -> Any:
    """Per share that may be held out: the sizes of both groups and the smallest lift that shows."""
    titles = ["Held out", "Customers", "Addressed", "Responses, points", *(["Spend per customer"] if usual else [])]
    body = []
    for share in campaigns.SHARES:
        held = campaign.count_held(count, share)
        treated = count - held
        lift = power.smallest_lift(rate, treated, held)
        sizes = [format.whole_percent(share), format.count(held), format.count(treated)]
        cells = [*sizes, "–" if lift is None else f"+{format.number(100 * lift)}"]
        if usual:
            amount = power.smallest_difference(usual["deviation"] or 0, treated, held)
            cells.append("–" if amount is None else f"+{format.number(amount)}")
        body.append(html.Tr([html.Td(cell) for cell in cells], className="chosen" if share == campaign.share else None))
    head = html.Thead(html.Tr([html.Th(title) for title in titles]))
    return sheet.scrolling(html.Table([head, html.Tbody(body)], className="numbers"), "Lifts that show")


def _alike(means: Sequence[Row], treated: int, held: int) -> list[Any]:
    """Per number: the means of both groups, and how far apart they are."""
    chance = _CHANCE * math.sqrt(1 / treated + 1 / held)
    body = []
    for row in means:
        apart, is_far = row["apart"], row["apart"] is not None and abs(row["apart"]) > chance
        shown = ["–" if row[part] is None else format.level(row[part], row["treated"] or 1) for part in ("treated", "held")]
        cells = [html.Td(format.title(row["label"], row["unit"])), *(html.Td(one) for one in shown)]
        cells.append(html.Td("–" if apart is None else format.difference(apart, 1), className="far" if is_far else None))
        body.append(html.Tr(cells))
    head = html.Thead(html.Tr([html.Th(title) for title in ("Mean of", "Addressed", "Held out", "Apart")]))
    told = (
        f"Apart: in standard deviations. Groups made by chance are less than {format.number(chance)} apart in 19 cases of 20; "
        "what is further is bold."
    )
    table = sheet.scrolling(html.Table([head, html.Tbody(body)], className="numbers"), "Whether both groups are alike")
    return [table, html.P(told, className="muted small")]


def _lists(db: Snapshot, campaign: Campaign, chosen: Any, is_hashed: bool) -> list[Any]:
    query = urlencode(
        {
            "segmentation": campaign.segmentation,
            "algorithm": campaign.algorithm,
            "filters": json.dumps(chosen or {}),
            "segment": "" if campaign.segment_id is None else campaign.segment_id,
            "name": campaign.name,
            "share": campaign.share,
            "hashed": int(is_hashed),
            "v": db.version,
        }
    )
    links = [("List as CSV", "csv"), ("as Parquet", "parquet"), ("where it comes from (JSON)", "json")]
    told = (
        "Address the treatment group only. Afterwards put what everybody did, also who was held out, in a column outcome (0, 1 or "
        "an amount) and refresh with RESULTS=path."
    )
    shown: list[Any] = []
    for title, kind in links:
        shown += [html.A(title, href=f"{LISTS}.{kind}?{query}", download=""), " · "]
    return [html.Div(shown[:-1]), html.P(told, className="muted small")]


def results(db: Snapshot) -> list[Any]:
    """What campaigns brought."""
    rows = campaigns.measured(db)
    title = "What did campaigns bring?"
    if not rows:
        example = html.Code("make refresh CUSTOMERS=customers.csv RESULTS=results.csv")
        told: list[Any] = ["This version was given no results. Give the lists with what came of everybody: ", example]
        return [html.Section([html.H2(title), html.P(told)], className="panel")]
    titles = ["Addressed", "Held out", "Outcome addressed", "Outcome held out", "Lift", "95 % interval", "Relative", "Extra"]
    words = [html.Th(name, className="words") for name in ("Campaign", "Verdict")]
    head = html.Thead(html.Tr([*words, *(html.Th(name) for name in titles)]))
    body = [html.Tr([html.Td(row["campaign"], className="words segment"), _verdict(row), *_figures(row)]) for row in rows]
    table = html.Table([head, html.Tbody(body)], className="numbers plays")
    panel = sheet.table_panel(title, table, "addressed less held out; a response in percentage points")
    panel.children.append(sheet.sql("from marts.campaigns"))
    return [panel]


def _verdict(row: Row) -> Any:
    if row["shortfall"]:
        return html.Td(f"cannot be told: {row['shortfall']}", className="words segment muted")
    return html.Td(_VERDICTS[row["verdict"]], className="words segment" if row["verdict"] == "more" else "words segment muted")


def _figures(row: Row) -> list[Any]:
    is_share = row["outcome_kind"] == "response"
    means = [_outcome(row[name], is_share) for name in ("treated", "held_out")]
    sizes = [format.count(row[name]) for name in ("count_treated", "count_held_out")]
    lift = ["–"] * 4
    if row["lift"] is not None:
        scale = 100 if is_share else 1
        low, middle, high = (format.signed(scale * row[name]) for name in ("lift_low", "lift", "lift_high"))
        relative = "–" if row["relative_lift"] is None else f"{format.signed(100 * row['relative_lift'])} %"
        lift = [middle, f"{low} to {high}", relative, format.signed(row["extra"])]
    return [html.Td(text) for text in (*sizes, *means, *lift)]


def _outcome(value: float | None, is_share: bool) -> str:
    if value is None:
        return "–"
    return format.percent(value) if is_share else format.number(value)
