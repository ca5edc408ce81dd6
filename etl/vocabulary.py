"""The columns the product knows, source by source, each with the headers it is recognised by."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from warehouse.columns import Column

IGNORE = "ignore"
"""The kind of a column that is not loaded."""

CUSTOMER_ID = Column("customer_id", "id", "Customer id")


def normalise(header: str) -> str:
    """A header as a name: lower case, words joined by underscores. "Annual Income (k$)" -> "annual_income_k"."""
    return re.sub(r"[^a-z0-9]+", "_", header.lower()).strip("_")


@dataclass(frozen=True)
class Vocabulary:
    """The columns that files of one source may have."""

    source: str
    """customers, transactions, stock or results."""
    known: Mapping[Column, tuple[str, ...]]
    """Each column with the headers it is recognised by, as `normalise` gives them."""

    @property
    def prefix(self) -> str:
        """What stands before the names of its tables in a mapping file."""
        return "" if self.source == "customers" else f"{self.source}."

    @cached_property
    def names(self) -> dict[str, Column]:
        """The columns by their names."""
        return {column.name: column for column in self.known}

    @cached_property
    def _by_synonym(self) -> dict[str, Column]:
        return {synonym: column for column, synonyms in self.known.items() for synonym in synonyms}

    def column_of(self, header: str) -> Column | None:
        """The column that a header is recognised as."""
        return self._by_synonym.get(normalise(header))

    def knows(self, header: str) -> bool:
        """Whether a header is recognised."""
        return self.column_of(header) is not None

    def hint(self, name: str) -> str:
        """A column with a few of the headers it is recognised by; the name alone of a column the product does not know."""
        synonyms = next((synonyms for column, synonyms in self.known.items() if column.name == name), ())
        return f"{name} (headers like {', '.join(synonyms[:3])})" if synonyms else name


_CUSTOMER_IDS = (
    "customer_id",
    "customerid",
    "customer_no",
    "customer_number",
    "cust_id",
    "custid",
    "client_id",
    "clientid",
    "client_no",
    "member_id",
    "user_id",
    "userid",
)

_ABOUT_CUSTOMERS = {
    Column("gender", "category", "Gender", short="gender"): ("gender", "genre", "sex"),
    Column("age", "numeric", "Age", "years", "age", minimum=0, maximum=120, usual=(10, 100)): (
        "age",
        "age_years",
        "age_in_years",
        "customer_age",
    ),
    Column("annual_income_k", "numeric", "Annual income", "k$", "income", minimum=0, usual=(1, 1_000)): (
        "annual_income_k",
        "annual_income",
        "annualincome",
        "annual_income_thousands",
        "annual_income_in_thousands",
        "annual_income_k_usd",
        "yearly_income",
        "income",
        "income_k",
    ),
    Column("spending_score", "numeric", "Spending score", "1–100", "score", minimum=0, maximum=100, usual=(1, 100)): (
        "spending_score",
        "spending_score_1_100",
        "spending_score_100",
        "spendingscore",
        "spend_score",
        "score",
    ),
}

CUSTOMERS = Vocabulary("customers", {CUSTOMER_ID: (*_CUSTOMER_IDS, "id"), **_ABOUT_CUSTOMERS})
"""A row is a customer."""

_ITEMS = {
    Column("product", "text", "Product"): (
        *("product", "product_id", "productid", "product_code", "product_no", "stock_code", "stockcode", "sku", "item"),
        *("item_id", "itemid", "item_code", "item_no", "article", "article_id", "article_no", "upc", "ean"),
    ),
    Column("product_name", "text", "Product name"): (
        *("product_name", "product_description", "description", "item_name", "item_description", "article_name"),
    ),
    Column("category", "text", "Category"): (
        *("category", "category_name", "product_category", "product_group", "product_line", "item_category", "department"),
    ),
}

_STORE = {
    Column("store", "text", "Store"): ("store", "store_id", "store_name", "shop", "shopping_mall", "mall", "branch", "outlet")
}

TRANSACTIONS = Vocabulary(
    "transactions",
    {
        Column("transaction_id", "text", "Transaction id"): (
            *(
                "transaction_id",
                "transactionid",
                "transaction_no",
                "trans_id",
                "invoice",
                "invoice_no",
                "invoiceno",
                "invoice_number",
            ),
            *("invoice_id", "order", "order_id", "orderid", "order_no", "order_number", "receipt", "receipt_no", "receipt_id"),
            *("receipt_number", "basket_id", "bill_no", "bill_number", "sale_id", "ticket_no"),
        ),
        CUSTOMER_ID: ("customer", *_CUSTOMER_IDS),
        Column("occurred_at", "time", "Time"): (
            *("occurred_at", "date", "datetime", "date_time", "timestamp", "invoice_date", "invoicedate", "invoice_datetime"),
            *("order_date", "orderdate", "order_datetime", "order_purchase_timestamp", "purchase_date", "purchased_at"),
            *("transaction_date", "transactiondate", "trans_date", "sale_date", "sales_date", "created_at"),
        ),
        **_ITEMS,
        Column("quantity", "numeric", "Quantity"): ("quantity", "qty", "units", "quantity_ordered", "item_quantity", "count"),
        Column("unit_price", "numeric", "Unit price"): (
            *("unit_price", "unitprice", "price", "price_each", "price_per_unit", "item_price", "selling_price", "retail_price"),
        ),
        Column("amount", "numeric", "Amount"): (
            *(
                "amount",
                "line_amount",
                "line_total",
                "total",
                "total_amount",
                "total_price",
                "total_sales",
                "sales",
                "sales_amount",
            ),
            *("sales_value", "revenue", "net_amount", "gross_amount"),
        ),
        **_STORE,
    },
)
"""A row is a line of a transaction: one product on one receipt."""

STOCK = Vocabulary(
    "stock",
    {
        **_ITEMS,
        Column("on_hand", "numeric", "On hand"): (
            *("on_hand", "onhand", "stock", "in_stock", "stock_on_hand", "stock_level", "stock_quantity", "stock_qty"),
            *(
                "quantity_on_hand",
                "qty_on_hand",
                "units_on_hand",
                "units_in_stock",
                "current_stock",
                "inventory",
                "inventory_level",
            ),
            *("quantity", "qty", "units", "pieces", "count", "available", "soh", "qoh"),
        ),
        **_STORE,
    },
)
"""A row is what is there of a product or a category, perhaps at one place of several."""

RESULTS = Vocabulary(
    "results",
    {
        Column("campaign", "category", "Campaign"): ("campaign", "campaign_name", "campaign_id"),
        CUSTOMER_ID: ("customer", "customer_hash", *_CUSTOMER_IDS),
        Column("test_group", "category", "Group"): ("test_group", "group", "campaign_group", "arm", "variant", "cohort"),
        Column("outcome", "numeric", "Outcome"): (
            *("outcome", "result", "response", "responded", "converted", "conversion", "bought", "purchased"),
            *("revenue", "amount", "spend", "spent", "sales", "purchases", "visits"),
        ),
        Column("stratum", "category", "Stratum"): ("stratum",),
    },
)
"""A row is what a customer did after a campaign, whether they were addressed or held out."""

BOTH = Vocabulary("transactions", {**TRANSACTIONS.known, **_ABOUT_CUSTOMERS})
"""The same, with what says something of the customer, where there is no file of customers."""
