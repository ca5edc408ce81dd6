"""The customers of CDNOW whom the papers of both models fit, from a package that carries them: it is read, not imported."""

from importlib.util import find_spec
from pathlib import Path

import pandas as pd


def cdnow() -> pd.DataFrame:
    """2,357 customers: x, the purchases after the first; weeks to the last of them and to the end of week 39; their mean amount."""
    (folder,) = find_spec("lifetimes").submodule_search_locations
    customers = pd.read_csv(Path(folder) / "datasets" / "cdnow_customers_summary_with_transactions.csv")
    assert len(customers) == 2357
    return customers
