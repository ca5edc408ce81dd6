"""Transactions of customers who buy often or seldom, much or little, with everything that stands on receipts besides."""

from pathlib import Path

import numpy as np

from tests.helpers import refreshed

HEADER = "InvoiceNo,InvoiceDate,CustomerID,StockCode,Description,Category,Quantity,UnitPrice,Note\n"
PRODUCTS = [
    ("A1", "Apple", "Food", 0.5),
    ("B2", "Bread", "Food", 2.0),
    ("C3", "Chair", "Home", 49.9),
    ("D4", "Desk", "Home", 180.0),
]
PERSON = "PERSON-7731"
SEGMENTATIONS = '[value]\nfeatures = ["recency_days", "frequency", "monetary"]\nk_max = 4\n'


def lines(seed: int = 7, customers: int = 240) -> str:
    """The text of a file: sales of two kinds of customers, postage, free pieces, copies, returns, and lines of nobody."""
    random = np.random.default_rng(seed)
    written = []
    invoice = 10_000
    for customer in range(customers):
        is_often = customer % 3 == 0
        name = PERSON if customer == 5 else f"C{customer:04}"
        for _ in range(1 + random.poisson(9 if is_often else 0.6)):
            invoice += 1
            day = np.datetime64("2024-01-01") + int(random.integers(300 if is_often else 0, 366 if is_often else 320))
            at = f"{day} {random.integers(8, 21):02}:{random.integers(0, 60):02}:00"
            for product in random.choice(4, size=1 + random.integers(0, 3), replace=False):
                code, label, category, price = PRODUCTS[product]
                row = f"{at},{name},{code},{label},{category},{random.integers(1, 9)},{price}"
                written.append(f"{invoice},{row},")
                if random.random() < 0.05:
                    written.append(written[-1])
                if random.random() < 0.06:
                    back = row.split(",")
                    back[0], back[5] = f"{day + 1} 09:00:00", f"-{back[5]}"
                    written.append(f"C{invoice},{','.join(back)},")
            if random.random() < 0.1:
                written.append(f"{invoice},{at},{name},POST,Postage,,1,4.5,")
            if random.random() < 0.05:
                written.append(f"{invoice},{at},{name},A1,Apple,Food,3,0,a gift for {PERSON}")
            if random.random() < 0.1:
                written.append(f"{invoice + 50_000},{at},,B2,Bread,Food,2,2.0,")
    return HEADER + "\n".join(written) + "\n"


def refresh_bought(directory: Path) -> None:
    """Publish them, the customers made from the transactions."""
    (directory.parent / "bought.csv").write_text(lines())
    (directory.parent / "bought.toml").write_text(SEGMENTATIONS)
    refreshed(directory, None, directory.parent / "bought.toml", transactions=directory.parent / "bought.csv")
