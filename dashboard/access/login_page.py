"""The page where people sign in. It is plain HTML and three lines of script: who is not in yet gets nothing of the dashboard."""

from html import escape
from urllib.parse import urlencode, urlsplit

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in · Mall segments</title>
<link rel="icon" href="/_favicon.ico">
<link rel="stylesheet" href="/assets/login.css">
<script src="/assets/login.js" defer></script>
</head>
<body class="login">
<main>
{body}
</main>
</body>
</html>
"""
_FORM = """<h1>Mall segments</h1>
<form method="post" action="{action}">
<label for="name">Name</label>
<input id="name" name="name" value="{name}" autocomplete="username" autocapitalize="none" spellcheck="false" required{focus_name}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required{focus_password}>
{said}
<button type="submit">Sign in</button>
</form>"""


def form(way: str, said: str = "", name: str = "") -> str:
    """The page, which leads to `way` afterwards; `said` is what was wrong with what was given before."""
    told = f'<p class="error" role="alert">{escape(said)}</p>' if said else ""
    focus = " autofocus"
    body = _FORM.format(
        action=escape(f"/login{leading_to(way)}"),
        name=escape(name),
        said=told,
        focus_name="" if name else focus,
        focus_password=focus if name else "",
    )
    return _PAGE.format(body=body)


def unknown() -> str:
    """The page for whom the proxy does not name, or names somebody who is not known here."""
    return _PAGE.format(body="<h1>Mall segments</h1><p>You may not enter here: whoever runs it can let you in.</p>")


def leading_to(way: str) -> str:
    """The query of an address of this page that leads to another one afterwards; nothing for the first page."""
    way = local(way)
    return "" if way == "/" else f"?{urlencode({'next': way})}"


def local(way: str) -> str:
    """An address of the dashboard's own, without a host; "/" for any other: nobody is led elsewhere."""
    try:
        parts = urlsplit(way)
    except ValueError:
        return "/"
    is_own = not parts.scheme and not parts.netloc and way.startswith("/") and not way.startswith("//")
    is_plain = way.isprintable() and "\\" not in way and " " not in way
    return way if is_own and is_plain else "/"
