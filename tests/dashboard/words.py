"""What a page says, for the tests."""

import json
from datetime import date


def text(parts: object) -> str:
    """Everything components say, as one text."""
    return json.dumps(
        parts, default=lambda part: str(part) if isinstance(part, date) else part.to_plotly_json(), ensure_ascii=False
    )


def said(parts: list) -> str:
    """The first lines of a page."""
    return next(part.children for part in parts if getattr(part, "className", "") == "answer")
