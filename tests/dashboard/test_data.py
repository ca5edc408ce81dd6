"""The Data page: its first line, its tables and its pictures, from literal rows and from a small warehouse."""

import pytest

from dashboard import distributions
from dashboard.pages import data
from dashboard.pages.data_tables import columns_table, gate_table, rejects_table, sources_table
from dashboard.theme import DARK, LIGHT
from tests.dashboard.words import text
from tests.helpers import HEADER, QUICK, refreshed

SOURCE = {
    "source": "customers",
    "source_file": "a.csv",
    "file_kind": "csv",
    "encoding": "utf-16-le",
    "delimiter": ";",
    "source_fingerprint": "f" * 64,
}
COUNTS = {"rows_in": 203, "rows_kept": 198, "rows_rejected": 3, "rows_duplicate": 2, "rows_forgotten": 0}
AGE = {
    "source": "customers",
    "column_name": "age",
    "label": "Age",
    "kind": "numeric",
    "unit": "years",
    "source_header": " Age ",
    "filled_with": "the median",
} | {
    "count_missing": 4,
    "lowest": 18.0,
    "median": 36.0,
    "highest": 70.0,
    "divide_by": 1.0,
    "decimal_mark": ".",
}
STEADY = {"dimension": "age", "shift": "steady"}
MOVED = {"dimension": "age", "shift": "moved a lot"}
WARNED = {"position": 1, "rule": "Units", "verdict": "warned", "detail": "Income looks like dollars."}


def bins(*shares, width=10.0):
    return [
        {"lower_edge": place * width, "upper_edge": (place + 1) * width, "share": share, "count_customers": int(100 * share)}
        for place, share in enumerate(shares)
    ]


@pytest.mark.parametrize(
    ("counts", "missing", "shifts", "verdicts", "previous", "expected"),
    [
        (
            COUNTS,
            4,
            [STEADY],
            [],
            11,
            "198 of 203 rows were kept: 3 rejected, 2 identical copies. 4 values were missing and filled in. "
            "Nothing moved much since version 11.",
        ),
        (
            COUNTS | {"rows_kept": 201, "rows_rejected": 0, "rows_duplicate": 1, "rows_forgotten": 1},
            1,
            [MOVED],
            [WARNED, WARNED | {"rule": "Distributions"}],
            11,
            "201 of 203 rows were kept: 1 identical copy, 1 erased on request. 1 value was missing and filled in. "
            "Age moved since version 11. Look at what the gate says about units.",
        ),
        (
            {"rows_in": 1200, "rows_kept": 1200, "rows_rejected": 0, "rows_duplicate": 0, "rows_forgotten": 0},
            0,
            [],
            [],
            None,
            "All 1,200 rows were kept. No value was missing. This is the first version: there is no earlier one to compare with.",
        ),
    ],
)
def test_the_first_line_answers(counts, missing, shifts, verdicts, previous, expected):
    """What became of the rows, what was filled in, what moved, and what to look at, in plain words."""
    columns = [AGE | {"count_missing": missing}]
    assert data.answer([SOURCE | counts], columns, columns, verdicts, shifts, previous) == expected


def test_many_files_are_summed():
    """Each file has its row; the last row has their sums; a column of noughts is left out."""
    table = text(sources_table([SOURCE | COUNTS, SOURCE | COUNTS | {"source_file": "deep/" * 20 + "b.csv", "delimiter": None}]))
    assert '"406"' in table
    assert '"2 files"' in table
    assert '"CSV, semicolon"' in table
    assert '"UTF-16 LE"' in table
    assert '"…/b.csv"' in table
    assert "erased" not in table
    assert "files" not in text(sources_table([SOURCE | COUNTS]))


def test_rejects_show_examples_on_one_line():
    """A kind of fault is one row with its examples; line ends are made visible and nothing is taken for markup."""
    reject = {
        "rule": "broken row",
        "count_rows": 12,
        "share_of_rows": 0.06,
        "source_file": "a.csv",
        "reason": "the quotes do not close",
    }
    rows = [reject | {"source_line": 1204, "row_text": '7,"<b>\nx'}, reject | {"source_line": 9, "row_text": None}]
    table = text(rejects_table(rows, 203))
    assert table.count('"broken row"') == 1
    assert ", line 1,204: " in table
    assert '7,\\"<b>↵x' in table
    assert "erased on request" in table
    assert "every one of the 203 rows" in text(rejects_table([], 203))


def test_the_gate_puts_doubts_first():
    """What was warned of stands above what passed, in words and not by colour alone; only what was forced is red."""
    passed = WARNED | {"position": 0, "rule": "Columns", "verdict": "passed"}
    table = text(gate_table([passed, WARNED, WARNED | {"rule": "Rows rejected", "verdict": "forced"}]))
    assert table.index('"Units"') < table.index('"Columns"')
    assert "▲ look at it" in table
    assert table.count('"error"') == 1


def test_columns_say_how_the_numbers_were_read():
    """A header is tied to its name, with what it was divided by and what fills its gaps."""
    table = text(columns_table([AGE | {"divide_by": 1000.0, "decimal_mark": ","}]))
    assert '"years (file ÷ 1,000, decimal comma)"' in table
    assert '"→ 36"' in table
    assert '"Age"' in table
    assert "made of the other values" in text(columns_table([AGE | {"source_header": "", "count_missing": None}]))


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_a_number_is_filled_now_and_outlined_before(look):
    """Three bins: bars are shares in percent; the outline runs over the edges of the other version, from zero to zero."""
    figure = distributions.numeric(bins(0.5, 0.25, 0.25), bins(0.25, 0.75), "years", look)
    filled, outline = figure.data
    assert list(filled.y) == [50, 25, 25]
    assert (list(outline.x), list(outline.y)) == ([0, 0, 10, 10, 20, 20], [0, 25, 25, 75, 75, 0])
    assert len(figure.layout.annotations) == 0


def test_bins_of_two_widths_are_drawn_per_the_wider():
    """Where widths differ a height is a density: a bin half as wide with the same share is twice as high."""
    figure = distributions.numeric(bins(0.5, 0.5), bins(0.5, 0.5, width=5.0), "years", LIGHT)
    assert list(figure.data[0].y) == [50, 50]
    assert max(figure.data[1].y) == 100
    assert figure.layout.annotations[0].text == "per 10 years"


def test_rare_categories_share_a_bar():
    """The most frequent values of either version have bars, the others one together, and names stay text."""
    now = [{"category": f"<{place}>", "share": 0.1} for place in range(10)]
    figure = distributions.categories(now, [{"category": "gone", "share": 1.0}], LIGHT)
    assert figure.layout.yaxis.ticktext[0] == "gone"
    assert figure.layout.yaxis.ticktext[1] == "&lt;0&gt;"
    assert figure.layout.yaxis.ticktext[-1] == "3 others"
    assert list(figure.data[0].x) == pytest.approx([0, *[10] * 7, 30])
    assert list(figure.data[1].x) == pytest.approx([100, *[0] * 8])


def test_the_page_of_a_literal_warehouse(tmp_path):
    """The page says what a person counts in the file; the second version is compared with the first."""
    rows = [f"{place},{'Male' if place % 2 else 'Female'},{20 + place},{15 + place},{place}" for place in range(1, 41)]
    path, quick = tmp_path / "customers.csv", tmp_path / "quick.toml"
    quick.write_text(QUICK)
    for bad in ([], ["41,Male,410,40,50", "40,Female,60,55,40", "42,Male,,40,50"]):
        path.write_text(HEADER + "\n".join(rows + bad))
        snapshot = refreshed(tmp_path / "warehouse", path, quick, max_rejected=0.5)
        page = text(data.content(snapshot, LIGHT))
        if bad:
            assert "41 of 43 rows were kept: 1 rejected, 1 identical copy. 1 value was missing and filled in. Nothing moved" in page
            assert "outline: version 1" in page
            assert "hardly moved (index 0.0" in page
            assert "Age is 410, above 120" in page
        else:
            assert "All 40 rows were kept. No value was missing. This is the first version" in page
            assert "every one of the 40 rows could be read" in page
            assert "there is no earlier version to compare with" in page
