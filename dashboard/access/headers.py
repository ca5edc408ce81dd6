"""What browsers are told about every answer: which scripts may run, who may show the pages, and what is kept."""

from typing import Any

from dash import Dash
from flask import Response, request

from dashboard.access.rules import LOGIN

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_SOURCES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",  # Dash, Plotly, ag-grid and Mantine set styles of elements
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
"""What a page may load, run, ask and lead to (Content Security Policy, level 3)."""
_LOGIN_SOURCES = {**_SOURCES, "img-src": "'self'", "font-src": "'none'", "connect-src": "'none'"}
_YEAR = "max-age=31536000"


def protect(app: Dash) -> None:
    """Add the headers to every answer. Call it last: the policy names the scripts that stand in the page."""
    scripts = " ".join(app.csp_hashes())
    pages = _policy({**_SOURCES, "script-src": f"{_SOURCES['script-src']} {scripts}"})
    login = _policy(_LOGIN_SOURCES)
    server: Any = app.server

    @server.after_request  # type: ignore[untyped-decorator]
    def add(answer: Response) -> Response:
        for name, value in _ALWAYS.items():
            answer.headers.setdefault(name, value)
        answer.headers.setdefault("Content-Security-Policy", login if request.path == LOGIN else pages)
        if "Cache-Control" not in answer.headers or "Content-Disposition" in answer.headers:
            answer.headers["Cache-Control"] = "no-store"
        if request.is_secure:
            answer.headers["Strict-Transport-Security"] = _YEAR
        return answer


def _policy(sources: dict[str, str]) -> str:
    return "; ".join(f"{name} {value}" for name, value in sources.items())
