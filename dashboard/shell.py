"""The frame around every page: name, links, the two choices, the colour scheme, and where the numbers come from."""

from datetime import timedelta
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from dashboard import format, ids
from dashboard.access.roles import User
from dashboard.access.rules import LOGOUT, of_page
from dashboard.queries import ALGORITHM_TITLES, Row

LINKS = {
    "link-explore": "/",
    "link-segments": "/segments",
    "link-evidence": "/evidence",
    "link-history": "/history",
    "link-data": "/data",
    "link-retention": "/retention",
    "link-products": "/products",
    "link-forecast": "/forecast",
    "link-inventory": "/inventory",
    "link-campaigns": "/campaigns",
    "link-sql": "/sql",
}
"""The id of each link, and the path it leads to."""
_TITLES = {
    "link-explore": "Explore",
    "link-segments": "Segments",
    "link-evidence": "Evidence",
    "link-history": "History",
    "link-data": "Data",
    "link-retention": "At risk",
    "link-products": "Products",
    "link-forecast": "Forecast",
    "link-inventory": "Inventory",
    "link-campaigns": "Campaigns",
    "link-sql": "SQL",
}
ACTIONS = ("link-retention", "link-products", "link-forecast", "link-inventory", "link-campaigns")
"""The pages of what to do, which a menu holds."""
_POLL_MILLISECONDS = 3_000
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def layout(runs: list[Row], user: User) -> Any:
    """The whole document for who asks; `runs` are the clusterings known when it is loaded."""
    header = dmc.AppShellHeader(
        [
            html.Div(
                [
                    html.Div("Mall segments", className="brand"),
                    html.Nav(_nav(user), className="nav"),
                    _choices(runs),
                    dmc.ColorSchemeToggle(
                        lightIcon="☀", darkIcon="☾", variant="subtle", color="gray", **{"aria-label": "Light or dark colours"}
                    ),
                    *_user(user),
                ],
                className="header-row",
            ),
            html.Div([html.Span(id=ids.HEADER_NOTICE), html.Span(id=ids.HEADER_SOURCE)], className="header-source"),
        ]
    )
    return dmc.MantineProvider(
        [
            dcc.Location(id=ids.LOCATION, refresh=False),
            dcc.Store(id=ids.VERSION),
            dcc.Store(id=ids.WANTED_VERSION),
            dcc.Store(id=ids.AXES),
            dcc.Store(id=ids.FILTERS, data={}),
            dcc.Store(id=ids.SCHEME, data="light"),
            dcc.Store(id=ids.EXPLORE_READY),
            *(dcc.Store(id=store) for store in ids.ASK_STORES),
            dcc.Interval(id=ids.CLOCK, interval=_POLL_MILLISECONDS),
            dmc.AppShell([header, dmc.AppShellMain(html.Div(id=ids.PAGE, className="page"))], header={"height": 88}, padding=0),
        ],
        defaultColorScheme="auto",
        theme={"fontFamily": _FONT, "headings": {"fontFamily": _FONT}, "fontSizes": {"xs": "12px", "sm": "14px", "md": "14px"}},
    )


def _user(user: User) -> list[Any]:
    """Who is signed in, and the way out; nothing where nobody is asked."""
    if not user.name:
        return []
    role = html.Span(user.role.name.lower(), className="muted")
    out = html.Form(html.Button("Sign out", type="submit", className="tool"), action=LOGOUT, method="post")
    panel = [html.Div([user.name, " ", role]), *([out] if user.can_leave else [])]
    return [
        html.Details(
            [html.Summary(user.name, className="nav-menu"), html.Div(panel, className="menu-panel")], className="menu user"
        )
    ]


def _nav(user: User) -> list[Any]:
    """The links to the pages, a menu of those of what to do (assets/menu.js), and the one to SQL; hidden where they are not for who
    asks, because callbacks write to all of them."""
    links = {
        link: html.Span(dcc.Link(_TITLES[link], id=link, href=path), hidden=user.role < of_page(path))
        for link, path in LINKS.items()
    }
    main = html.Div([links[link] for link in LINKS if link not in (*ACTIONS, "link-sql")], className="nav-links")
    panel = html.Div([links[link] for link in ACTIONS], className="menu-panel")
    menu = [html.Summary("Actions ▾", id=ids.ACTIONS, className="nav-menu"), panel]
    is_empty = all(user.role < of_page(LINKS[link]) for link in ACTIONS)
    return [main, html.Div(html.Details(menu, className="menu"), hidden=is_empty), links["link-sql"]]


def _choices(runs: list[Row]) -> Any:
    options = segmentation_options(runs)
    return dmc.Group(
        [
            dmc.Select(
                id=ids.SEGMENTATION,
                data=options,
                value=options[0]["value"] if options else None,
                allowDeselect=False,
                size="xs",
                w=128,
                **{"aria-label": "Segmentation"},
            ),
            dmc.SegmentedControl(
                id=ids.ALGORITHM,
                data=[{"value": value, "label": label} for value, label in ALGORITHM_TITLES.items()],
                value="kmeans",
                size="xs",
            ),
        ],
        gap=8,
        wrap="nowrap",
    )


def segmentation_options(runs: list[Row]) -> list[dict[str, str]]:
    """The segmentations to choose from, each once."""
    titles = {run["segmentation"]: run["segmentation_title"] for run in runs}
    return [{"value": name, "label": title} for name, title in titles.items()]


def source_line(
    about: Row,
    notice: str = "",
    stands_in_for: int | None = None,
    is_newest: bool = False,
    expected_age: timedelta | None = None,
) -> list[Any]:
    """File, customers, version and age of the warehouse; generated customers are called that.

    Of the newest version, data older than `expected_age` are called that as well; generated customers are never too old.

    `notice` says that it is not the version that one would expect; a button leads to the newest, or where it is that
    (`is_newest`), takes the notice away (assets/version.js).
    `stands_in_for` is the version that should be shown and is damaged, where this older one is shown in its place.
    """
    since = about["data_since"] if "data_since" in about else about["built_at"]  # an earlier release does not tell
    is_late = is_newest and expected_age is not None and not about["is_synthetic"] and format.is_older(since, expected_age)
    age, hint = format.ago(since), f"The data were new {since:%Y-%m-%d %H:%M} UTC, longer ago than expected."
    late = [html.Span(f"OLD DATA: {age.removesuffix(' ago').upper()}", className="aged", title=hint)] if is_late else []
    data = f", from data of {age}" if since < about["built_at"] else ""
    line = (
        f"{about['source_file']} · {format.count(about['count_customers'])} customers · version {about['version']} · "
        f"built {format.ago(about['built_at'])}{data}"
    )
    badge = [html.Span("SYNTHETIC SAMPLE", className="synthetic", title="These customers were generated; they are nobody.")]
    damage = f"Version {stands_in_for} is damaged; this is version {about['version']}. A refresh publishes a whole one. "
    warning = [html.Span(damage, className="error")] if stands_in_for is not None else []
    newest = html.Button("OK" if is_newest else "Show the newest", className="link", **{"data-show-newest": "true"})  # type: ignore[arg-type]
    told = [html.Span(notice, className="notice"), newest, " "] if notice else []
    return [
        *told,
        *warning,
        *(badge if about["is_synthetic"] else []),
        *late,
        html.Span(line, title=f"Built {about['built_at']:%Y-%m-%d %H:%M} UTC"),
    ]
