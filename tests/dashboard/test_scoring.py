"""The form that scores a customer: what it asks, what it refuses, and that its answer is that of the warehouse."""

import json

import pytest
from selenium.webdriver.common.keys import Keys

from dashboard import scoring
from dashboard.pages.score_form import answer
from tests.dashboard.browser import serve, wait_until
from tests.dashboard.words import text
from tests.helpers import HEADER, refreshed
from warehouse.connection import Warehouse
from warehouse.errors import InputError


@pytest.fixture(scope="module")
def db(published):
    return Warehouse(published).snapshot()


def test_the_answer_is_the_assignment(db):
    """A customer of the file, typed in, is told to be where the file's are, as far from its centre, for every clustering."""
    rows = db.rows(
        "from segments.assignments inner join features.customer_features using (customer_id) "
        "where algorithm = 'kmeans' order by hash(customer_id) limit 20"
    )
    for row in rows:
        asked = {name: str(row[name]) for name in ("age", "annual_income_k", "spending_score")}
        found = scoring.score(db, row["segmentation"], row["algorithm"], asked).row
        for column in ("segment_id", "second_segment_id", "distance", "margin"):
            assert found[column] == row[column]


def test_the_sql_that_is_shown_gives_the_answer(db):
    """The statement stands alone, and gives the figures of the page."""
    found = scoring.score(db, "lifestyle", "kmeans", {"age": "41"})
    assert db.rows(found.sql) == [found.row]
    assert [field.name for field in found.missing] == ["annual_income_k", "spending_score"]


@pytest.mark.parametrize("asked", [None, {}, {"age": ""}, {"nobody": "3"}])
def test_nothing_is_said_before_something_is_typed(db, asked):
    """An empty form has no answer."""
    assert answer(db, asked, "spending", "kmeans")[0].startswith("Type what you know")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("abc", "Annual income: that is not a number"),
        ("nan", "Annual income: that is not a number"),
        ("1e999", "Annual income: that is not a number"),
        ([], "Annual income: that is not a number"),
        (10**400, "Annual income: that is not a number"),
        ("1e300", "that is too far from everybody to tell a segment"),
        ("-3", "Annual income: −3 cannot be true; a file with it would be refused"),
        ("1; drop table x", "Annual income: that is not a number"),
    ],
)
def test_what_cannot_be_is_refused(db, typed, said):
    """A value that a file could not have has no segment, and the field is named."""
    with pytest.raises(InputError, match=said):
        answer(db, {"annual_income_k": typed}, "spending", "kmeans")


@pytest.mark.parametrize("asked", ["x", 3, ["age"]])
def test_what_is_no_customer_is_refused(db, asked):
    """A store that a hostile page has filled is bad input."""
    with pytest.raises(InputError, match="asked for no customer"):
        answer(db, asked, "spending", "kmeans")


def test_what_is_missing_is_told(db):
    """The median stands in, and the answer says so."""
    said = text(answer(db, {"annual_income_k": "80"}, "spending", "kmeans")[0])
    median = db.value("select imputed_value from segments.scaling where segmentation = 'spending' and feature = 'spending_score'")
    assert f"spending score ({median:g})" in said


@pytest.mark.parametrize(
    ("distance", "margin", "start"),
    [
        (0.3, 1.0, "Well inside it; the next is “B”"),
        (1.0, 0.5, "Nearer to it than to any other"),
        (1.0, 0.05, "Between this and “B”"),
    ],
)
def test_how_surely_is_said_in_words(distance, margin, start):
    """The distance to the own centre is compared with that to the next."""
    assert scoring.how_surely({"distance": distance, "margin": margin, "second_segment_name": "B"}).startswith(start)


def test_a_category_is_chosen_from_what_there_is(tmp_path, write):
    """Where a category is clustered on, its values are offered, and no other is taken."""
    rows = "".join(f"{n},{'FM'[n % 2]},{20 + 5 * n},{10 * n},{n}\n" for n in range(1, 9))
    (tmp_path / "s.toml").write_text('[who]\nfeatures = ["gender_is_female", "age"]\nk = 2\n')
    db = refreshed(tmp_path / "warehouse", write(HEADER + rows), tmp_path / "s.toml")
    assert [(field.name, field.options) for field in scoring.fields(db, "who")] == [("gender", ("Female", "Male")), ("age", ())]
    assert scoring.score(db, "who", "kmeans", {"gender": "Female"}).row["segment_id"] in (1, 2)
    with pytest.raises(InputError, match="Gender: nobody in the file has that value"):
        scoring.score(db, "who", "kmeans", {"gender": "x' or true"})


@pytest.mark.browser
def test_a_customer_is_typed_into_the_page(dash_duo, published, db):
    """The answer follows what is typed, and the other segmentation, which asks for more, keeps it."""
    serve(dash_duo, published)
    driver = dash_duo.driver
    driver.get(f"{dash_duo.server_url}/segments?segmentation=spending&algorithm=kmeans")

    def typed(name: str, value: str) -> None:
        wait_until(lambda: driver.find_elements("css selector", f".score-form [name={name}]"), what=name)
        driver.find_element("css selector", f".score-form [name={name}]").send_keys(Keys.CONTROL, "a", Keys.NULL, value)

    def says(segmentation: str, asked: dict[str, str]) -> None:
        name = scoring.score(db, segmentation, "kmeans", asked).row["segment_name"]
        wait_until(lambda: driver.find_element("css selector", ".score-answer strong").text == name, what=json.dumps(asked))

    typed("annual_income_k", "88")
    says("spending", {"annual_income_k": "88"})
    typed("spending_score", "95")
    says("spending", {"annual_income_k": "88", "spending_score": "95"})
    typed("spending_score", "x")
    wait_until(lambda: "that is not a number" in driver.find_element("css selector", ".score-answer.error").text)
    typed("spending_score", "5")
    driver.execute_script("dash_clientside.set_props('segmentation', {value: 'lifestyle'})")
    typed("age", "60")
    says("lifestyle", {"annual_income_k": "88", "spending_score": "5", "age": "60"})
    assert [entry for entry in dash_duo.get_logs() or [] if entry["level"] == "SEVERE"] == []
