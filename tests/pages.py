"""The pages of documentation, and what stands in them: blocks, commands, links, headings."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = (
    "README.md",
    "warehouse/README.md",
    "etl/README.md",
    "analytics/README.md",
    "dashboard/README.md",
    "dashboard/deploy/README.md",
)
"""Those that people read for how it works; the changelog and the benchmarks' results are records."""
OPERATIONS = PAGES[-1]
SHELLS = ("sh", "bash", "console", "crontab")
PROGRAMS = ("make", "python", ".venv/bin/", "podman", "sudo", "systemctl", "journalctl", "duckdb", "curl", "cp", "cd")
"""How a command in the middle of a sentence begins."""
_BLOCK = re.compile(r"^```(\w*)([^\n]*)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
_CRON = re.compile(r"^(?:\S+ ){5}(?=cd )")


@dataclass(frozen=True)
class Block:
    """What stands between two fences."""

    page: str
    language: str
    name: str
    """What stands after the language: the file that the block is."""
    text: str


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str, *languages: str) -> list[Block]:
    found = [Block(page, language, name.strip(), body) for language, name, body in _BLOCK.findall(text(page))]
    return [block for block in found if block.language in languages or not languages]


def prose(page: str) -> str:
    """The page without its blocks and without the lists that are made from the code."""
    return re.sub(r"<!-- (\w+): written.*?<!-- end of \1 -->", "", _BLOCK.sub("", text(page)), flags=re.DOTALL)


def commands(page: str) -> list[str]:
    """Every command of the page, in its order, each once: those of blocks, without comments, and those in sentences."""
    found: dict[str, None] = {}
    rest = re.sub(r"<!-- (\w+): written.*?<!-- end of \1 -->", "", text(page), flags=re.DOTALL)
    for part in re.split(r"(^```.*?^```$)", rest, flags=re.MULTILINE | re.DOTALL):
        block = _BLOCK.fullmatch(part)
        if block is None:
            inline = re.findall(r"`([^`\n]+)`", part)
            found |= dict.fromkeys(span for span in inline if _is_command(span))
        elif block[1] in SHELLS:
            lines = [re.sub(r"(^|\s+)# .*$", "", line) for line in block[3].replace("\\\n", " ").splitlines()]
            found |= dict.fromkeys(_CRON.sub("", line.removeprefix("$ ")) for line in lines if line.strip())
    return list(found)


def _is_command(span: str) -> bool:
    first = span.split()[0] if span.split() else ""
    return " " in span.strip() and any(first == name or (name.endswith("/") and first.startswith(name)) for name in PROGRAMS)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    body = _BLOCK.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", body, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def tracked_pages() -> list[Path]:
    """Every page of Markdown that is in the repository."""
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.splitlines()]
