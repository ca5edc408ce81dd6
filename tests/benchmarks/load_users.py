"""What people do in the dashboard, for Locust; tests.benchmarks.load starts it.

It runs in an environment of its own: what Locust needs and what the browser tests need exclude each other. Each person signs in,
and then asks as the pages do: whether there is a newer version, for the rows and differences of another selection, for further
rows, other pages, files and SQL. An answer counts as failed where it is no answer, and as stale where it is of an older version
than was published when it was asked for.
"""

import itertools
import json
import os
import random
import secrets
from pathlib import Path
from typing import Any

from dash_client import CALLBACKS, DEPENDENCIES, Callbacks
from locust import HttpUser, between, events, task

PASSWORD, PLACES = "a password for the load", itertools.count()
WAREHOUSE, FOUND = Path(os.environ["LOAD_WAREHOUSE"]), Path(os.environ["LOAD_FOUND"])
QUEUE = "SQL, and asked to wait"
WAIT = (
    "Other statements are waiting already. Try again in a moment.",
    "Other statements take all the time there is. Try again in a moment.",
)
_AGES = (18, 22, 26, 30, 34, 38, 42, 46, 50, 54, 58, 62, 66, 70)
_STATEMENTS = (
    "from marts.segment_profiles",
    "select gender, count(*), avg(spending_score) from marts.customers group by gender",
    "select age // 10 * 10 as decade, median(annual_income_k) from marts.customers group by decade order by decade",
)
_CHOSEN = {"segmentation.value": "spending", "algorithm.value": "kmeans", "scheme.data": "light", "table-search.value": ""}


class Colleague(HttpUser):
    """Somebody who has the dashboard open."""

    wait_time = between(1, 5)

    def on_start(self) -> None:
        """Sign in, and load the page with its cube."""
        self.chance = random.Random(secrets.randbits(64))
        self.version: dict[str, Any] | None = None
        self.filters: dict[str, Any] = {}
        name = f"colleague-{next(PLACES)}"
        self.client.post("/login", data={"name": name, "password": PASSWORD}, name="Sign in")
        self.client.get("/", name="Page", headers={"Accept": "text/html"})
        self.client.get("/_dash-layout", name="Page: layout")
        self.callbacks = Callbacks(self.client.get(DEPENDENCIES, name="Page: callbacks").json())
        self.look_for_a_new_version()
        self.fetch_the_cube()

    @task(10)
    def look_for_a_new_version(self) -> None:
        """What every open page does: the version that it is told is none that is older than what was published before."""
        published = int((WAREHOUSE / "current.duckdb").readlink().stem.removeprefix("v"))
        answer = self.call("version", "Look for a new version", {"clock.n_intervals": 1})
        if answer is None:
            return
        before = self.version
        self.version = answer.get("version", {}).get("data", self.version)
        is_fresh = self.version is not None and self.version["version"] >= published
        self.check("Stale versions", is_fresh, f"version {self.version}, published {published}")
        if before is not None and self.version != before:
            self.fetch_the_cube()

    @task(6)
    def filter(self) -> None:
        """Another selection: its differences, and the first rows of its table."""
        low, high = sorted(self.chance.sample(_AGES, 2))
        self.filters = {"age": {"op": "between", "value": [low, high]}}
        if self.chance.random() < 0.5:
            self.filters["gender"] = {"op": "in", "value": [self.chance.choice(["Female", "Male"])]}
        self.call("difference", "Filter: differences", {})
        self.rows("Filter: first rows", 0)

    @task(4)
    def page(self) -> None:
        """Further rows of the table, sorted."""
        self.rows("Page: further rows", 100 * self.chance.randrange(20), [{"colId": "annual_income_k", "sort": "desc"}])

    @task(3)
    def browse(self) -> None:
        """Another page."""
        name = self.chance.choice(["segments", "evidence", "data"])
        self.call(f"{name}-content", f"Browse: {name}", {})

    @task(1)
    def export(self) -> None:
        """A selection as a file."""
        asked = {"filters": {"age": {"op": "between", "value": [30, 34]}}}
        address = f"/explore/customers.csv?asked={json.dumps(asked)}"
        with self.client.get(address, name="Export as CSV", catch_response=True) as answer:
            if answer.status_code == 200 and answer.text.count("\n") < 2:
                answer.failure("no rows")

    @task(1)
    def query(self) -> None:
        """A statement; where others wait already, being asked to wait is an answer of its own kind."""
        asked = {"sql": self.chance.choice(_STATEMENTS), "token": secrets.token_hex(16)}
        body = self.body("ask-answer", {"ask-run.data": asked})
        with self.client.post(CALLBACKS, json=body, name="SQL", catch_response=True) as answer:
            said = answer.json()["response"].get("ask-answer", {}) if answer.status_code == 200 else {}
            found = said.get("data", {"error": f"no answer: {answer.status_code}"})
            error = found.get("error")
            if error in WAIT:
                answer.request_meta["name"] = QUEUE
            elif error or not found["rows"]:
                answer.failure(str(error or "no rows"))

    def fetch_the_cube(self) -> None:
        """The cube of the version that is shown, as the browser asks for it."""
        if self.version is not None:
            address = f"/cube/{self.version['version']}.json"
            self.client.get(address, params={"form": 4, "built": self.version["built"]}, name="Cube")

    def rows(self, name: str, start: int, order: Any = None) -> None:
        asked = {"startRow": start, "endRow": start + 100, "sortModel": order or []}
        answer = self.call("customers", name, {"customers.getRowsRequest": asked})
        self.check("Rows as captioned", answer is None or "customer" in answer["table-caption"]["children"], str(answer)[:200])

    def check(self, name: str, holds: bool, said: str) -> None:
        """Count something that has to hold."""
        error = None if holds else ValueError(said)
        events.request.fire(request_type="CHECK", name=name, response_time=0, response_length=0, exception=error)

    def call(self, output: str, name: str, values: dict[str, Any]) -> dict[str, Any] | None:
        """What a callback answers, by component; None where it failed."""
        with self.client.post(CALLBACKS, json=self.body(output, values), name=name, catch_response=True) as answer:
            if answer.status_code == 204:
                return {}
            if answer.status_code != 200:
                answer.failure(f"status {answer.status_code}")
                return None
            found = answer.json()["response"]
            if output not in found and output != "version":  # what fails in a callback of Dash has an empty answer
                answer.failure("the callback failed")
                return None
            if '"className": "error"' in json.dumps(found):
                answer.failure("the page shows an error")
                return None
            return found

    def body(self, output: str, values: dict[str, Any]) -> dict[str, Any]:
        shown = {"version.data": self.version, "filters.data": self.filters}
        return self.callbacks.body(output, {**_CHOSEN, **shown, **values})


@events.quitting.add_listener
def save(environment: Any, **_: Any) -> None:
    """What was measured, for the report: per kind of request how many, how many failed, and how long they took."""
    stats = environment.stats
    rows = [
        {
            "name": entry.name,
            "requests": entry.num_requests,
            "failures": entry.num_failures,
            **{f"p{share:g}": entry.get_response_time_percentile(share / 100) for share in (50, 95, 99)},
        }
        for entry in stats.entries.values()
    ]
    errors = [f"{each.name}: {each.error} ({each.occurrences} times)" for each in stats.errors.values()]
    errors += [f"{each['msg']} ({each['count']} times)" for each in environment.runner.exceptions.values()]
    FOUND.write_text(json.dumps({"rows": rows, "errors": errors}), encoding="utf-8")
    environment.process_exit_code = 0  # the report says what failed
