"""Copies of the Kaggle file as they are found in the world: each is loaded whole, or refused with a reason."""

import re
from pathlib import Path

import duckdb
import pytest

from etl.customers import load_customers
from tests.helpers import refreshed
from warehouse.build import build
from warehouse.errors import InputError

NEEDED = ["age", "annual_income_k", "spending_score"]

SAME = {
    "01_genre_zero_padded_crlf.csv",
    "05_bom_23cols_shuffled.csv",
    "09_quoted_thousands_extra_cols.csv",
    "11_all_quoted_snake_case.csv",
    "35_header_trailing_spaces.csv",
    "43_duplicated_feature_column.csv",
}
"""The values of the Kaggle file in another dress."""

ACCEPTED = {
    **dict.fromkeys(SAME, 200),
    "19_synthetic_10000_dollars_reordered.csv": 10_000,
    "21_synthetic_M_F_floats_missing.csv": 1_000,
    "23_250_rows_income_to_325.csv": 250,
    "27_wrong_values_20_rows.csv": 20,
    "29_wrong_values_4_rows.csv": 200,
    "31_wrong_values_163_rows.csv": 200,
    "33_synthetic_arithmetic_ramp.csv": 200,
    "37_partial_segment_10_rows.csv": 10,
    "39_no_gender_column_10_rows.csv": 10,
}
"""Loaded without a word: the number of customers."""

REJECTED = {
    "03_semicolon_4_conflicting_ids.csv": (
        204,
        196,
        8,
        0,
        "line 143: customer id 142 stands more than once, with different values",
    ),
    "07_question_marks_blanks_dups.csv": (203, 197, 3, 3, r"line 126: Spending Score \(1-100\) is 910, above 100"),
    "13_outliers_junk_rows_dates.csv": (203, 201, 2, 0, r"line 202: Spending Score \(1-100\) is 200.0, above 100"),
    "25_cleaned_badly.csv": (198, 190, 8, 0, "line 4: customer id 4 stands more than once, with different values"),
}
"""Refused unless rows may be rejected: rows in, kept, rejected, copies, and what is said."""

REFUSED = {
    "15_no_id_no_gender.csv": "no column for customer_id",  # an id made up here would be another one next time
    "17_two_columns_x1_x2.csv": "no column for customer_id",
    "41_xlsx_single_sheet.xlsx": "looks like an Excel workbook; save it as CSV first",
}
"""Refused whatever is allowed, and why."""


@pytest.fixture(scope="session")
def variants(shared_data: Path) -> Path:
    """The directory of the variants."""
    directory = shared_data / "mall_variants"
    if not directory.is_dir():
        pytest.skip(f"{directory} is not there")
    return directory


@pytest.mark.parametrize("name", sorted(ACCEPTED))
def test_a_variant_is_loaded_whole(connection: duckdb.DuckDBPyConnection, variants: Path, name: str):
    """Every row is kept, and has a complete place among the features."""
    report = load_customers(connection, variants / name, NEEDED, max_rejected=0)
    assert (report.rows_in, report.rows_kept) == (ACCEPTED[name], ACCEPTED[name])
    build(connection, ["features"])
    complete = " and ".join(f"{name} is not null" for name in NEEDED)
    count = connection.execute(f"select count(*) from features.customer_features_scaled where {complete}").fetchone()
    assert count == (ACCEPTED[name],)


@pytest.mark.parametrize("name", sorted(SAME))
def test_a_variant_in_another_dress_has_the_same_customers(
    connection: duckdb.DuckDBPyConnection, variants: Path, mall_csv: Path, name: str
):
    """Zero-padded ids, byte order marks, further columns and other headers do not change a customer."""
    values = "cast(customer_id as integer) as id, gender, age, annual_income_k, spending_score"
    found = []
    for path in (variants / name, mall_csv):
        load_customers(connection, path, NEEDED, max_rejected=0)
        found.append(connection.execute(f"select {values} from staging.customers order by id").fetchall())
    assert found[0] == found[1]


@pytest.mark.parametrize("name", sorted(REJECTED))
def test_a_variant_with_bad_rows(connection: duckdb.DuckDBPyConnection, variants: Path, name: str):
    """It is refused with the first bad line; where rows may be rejected, the others are loaded."""
    rows_in, kept, rejected, copies, reason = REJECTED[name]
    with pytest.raises(InputError, match=f"{name}: {rejected} of {rows_in} rows cannot be used, .*the first is {reason}"):
        load_customers(connection, variants / name, NEEDED, max_rejected=0)
    report = load_customers(connection, variants / name, NEEDED, max_rejected=0.05)
    counts = (report.rows_in, report.rows_kept, report.rows_rejected, report.rows_duplicate)
    assert counts == (rows_in, kept, rejected, copies)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_variant_that_cannot_be_loaded(connection: duckdb.DuckDBPyConnection, variants: Path, name: str):
    """It is refused by name, with the reason, though every row might be rejected."""
    with pytest.raises(InputError, match=f"{name}: {re.escape(REFUSED[name])}"):
        load_customers(connection, variants / name, NEEDED, max_rejected=1, force=True)


def test_no_variant_is_left_out(variants: Path):
    """Every file of the directory has its outcome above."""
    there = {path.name for path in variants.iterdir() if path.suffix in (".csv", ".xlsx")}
    assert there == ACCEPTED.keys() | REJECTED.keys() | REFUSED.keys()


@pytest.mark.parametrize(
    "name", ["05_bom_23cols_shuffled.csv", "21_synthetic_M_F_floats_missing.csv", "39_no_gender_column_10_rows.csv"]
)
def test_odd_variants_are_published(variants: Path, tmp_path: Path, quick: Path, name: str):
    """Further columns, missing values and no gender column go all the way."""
    snapshot = refreshed(tmp_path / "warehouse", variants / name, quick)
    assert snapshot.value("select count(*) from marts.customer_segments") == 2 * ACCEPTED[name]
