"""Naming a segment on the Segments page: off unless allowed, at once everywhere, and whatever is typed stays text."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from dashboard import queries
from dashboard.app import create_app
from dashboard.figures import plain
from dashboard.pages import label_form, segments
from dashboard.theme import LIGHT
from tests.dashboard.browser import serve, wait_until
from tests.helpers import QUICK, four, refreshed
from warehouse.connection import Snapshot, Warehouse
from warehouse.errors import InputError
from warehouse.settings import Settings

HOSTILE = "<img src=x onerror=alert(1)> \"'; %{x} 🛍"
CLUSTERING = {"segmentation": "spending", "algorithm": "kmeans"}


def page(db: Snapshot, **options: bool) -> str:
    """Everything the page says, as one text."""
    content = segments.content(db, queries.known_run(db, *CLUSTERING.values()), LIGHT, **options)
    return json.dumps(content, default=lambda part: part.to_plotly_json())


def test_nobody_edits_unless_it_is_allowed(sample: Snapshot, published: Path):
    """Without ALLOW_EDIT there is no button, no form and no callback that could be posted to; with it there are all three."""
    assert "rename" not in page(sample)
    assert "rename" in page(sample, may_edit=True)
    for is_allowed in (False, True):
        app = create_app(Settings(warehouse=published, allow_edit=is_allowed))
        assert any("label-" in output for output in app.callback_map) == is_allowed
        with app.server.test_request_context():
            app.server.preprocess_request()
            assert ("label-form" in str(segments.layout())) == is_allowed


@pytest.mark.parametrize("asked", [None, 3, [], {}, CLUSTERING, CLUSTERING | {"segment_id": "99"}, CLUSTERING | {"segment_id": {}}])
def test_only_a_segment_that_is_there_can_be_named(sample: Snapshot, asked: object):
    """A store that a hostile page has filled is bad input."""
    with pytest.raises(InputError, match="that segment is not in this version"):
        label_form.known(sample, asked)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, None),
        ({"segment_name": "Regulars"}, "Named by Ann, 5 November 2026"),
        ({"description": "Buy often"}, "Described by Ann, 5 November 2026"),
    ],
)
def test_a_card_says_who_named_it(changes: dict[str, str], said: str | None):
    """Who and when stand below a name or a description that is a person's, and nothing where none is."""
    by = {"labelled_by": "Ann", "labelled_at": datetime(2026, 11, 5)} if changes else {"labelled_by": None}
    segment = {"segment_name": "Older", "automatic_name": "Older", "description": None} | by | changes
    shown = [part.children for part in label_form.said(segment)]
    assert shown == [text for text in (changes.get("description"), said) if text]


def test_a_name_is_no_template():
    """Plotly would put the value of x where a name says so."""
    assert plain("a %{x} <b>") == "a %&#123;x} &lt;b&gt;"


@pytest.mark.parametrize(
    ("host", "status"), [("localhost:8050", 200), ("127.0.0.1", 200), ("[::1]:80", 200), ("evil.example", 400)]
)
def test_a_page_under_another_name_edits_nothing(published: Path, host: str, status: int):
    """A name elsewhere that leads to this machine is refused where people may edit; where they may not, nothing is different."""
    for is_allowed in (True, False):
        client = create_app(Settings(warehouse=published, allow_edit=is_allowed)).server.test_client()
        answer = client.get("/", headers={"Host": host})
        assert answer.status_code == (status if is_allowed else 200)


@pytest.mark.browser
def test_a_segment_is_named_on_the_page(dash_duo, tmp_path: Path, write):
    """The form opens with what there is, says why it refuses, and what it saves is on the card and in SQL at once, as text."""
    directory = tmp_path / "w"
    refreshed(directory, write(four()), write(QUICK, "quick.toml"))
    serve(dash_duo, directory, allow_edit=True)
    driver = dash_duo.driver
    driver.get(f"{dash_duo.server_url}/segments?segmentation=spending&algorithm=kmeans")

    def find(selector: str):
        return driver.find_element("css selector", selector)

    def typed(field: str, text: str) -> None:
        find(f"#label-{field}").send_keys(Keys.CONTROL, "a", Keys.NULL, text)

    wait_until(lambda: len(driver.find_elements("css selector", ".rename")) == 2, what="the cards")
    automatic = [heading.text for heading in driver.find_elements("css selector", ".segment-card h2")]
    find(".segment-card:nth-child(2) .rename").click()
    wait_until(lambda: find("#label-name").get_attribute("placeholder") == automatic[1], what="the form")
    wait_until(lambda: find("#label-name").is_displayed(), what="the form to be seen")
    typed("name", automatic[0])
    typed("by", "Ann")
    find("#label-save").click()
    wait_until(lambda: "is called" in find("#label-error").text, what="the refusal")
    driver.execute_script(
        "const field = document.querySelector('#label-name');"
        "Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(field, arguments[0]);"
        "field.dispatchEvent(new Event('input', {bubbles: true}));",
        HOSTILE,  # the driver cannot type emoji
    )
    typed("by", "Ann" + Keys.ENTER)
    wait_until(lambda: find(".segment-card:nth-child(2) h2").text == HOSTILE, what="the name on the card")
    wait_until(lambda: not find("#label-name").is_displayed(), what="the form to close")
    (row,) = Warehouse(directory).snapshot().rows("from segments.newest_labels")
    assert (row["segment_id"], row["segment_name"], row["description"], row["labelled_by"]) == (2, HOSTILE, None, "Ann")
    assert driver.find_elements("css selector", "img[src=x]") == []
    assert [entry for entry in dash_duo.get_logs() or [] if entry["level"] == "SEVERE"] == []
