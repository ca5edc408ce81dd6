"""The playbook: what a team may write, and which play a segment gets."""

from collections.abc import Callable
from pathlib import Path

import pytest

from analytics.playbook import DEFAULT, read_playbook
from tests.helpers import HEADER, refreshed
from warehouse.connection import Snapshot
from warehouse.errors import InputError

Write = Callable[..., Path]
PLAYS = """
[[play]]
name = "Anything"
advice = "For everybody."

[[play]]
name = "Old"
when = { age = "high" }
advice = "Big letters."

[[play]]
name = "Rich"
when = { annual_income_k = "high" }
advice = "Gold."

[[play]]
name = "Rich and keen"
when = { annual_income_k = "high", spending_score = "high" }
advice = "Platinum."

[[play]]
name = "Of another world"
when = { height = "low" }
advice = "Stools."
"""


def test_the_playbook_that_comes_along():
    """Every play has words, and the last one fits everybody."""
    plays = read_playbook()
    assert len({play.name for play in plays}) == len(plays) > 10
    assert [play.name for play in plays if not play.when] == [plays[-1].name]
    assert DEFAULT.name == "playbook.toml"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "give a table per play"),
        ('[play]\nname = "x"', "give a table per play"),
        ('[[play]]\nname = "x"\nadvice = "y"\n[other]\n', "give a table per play"),
        ('[[play]]\nname = "x"', "play 1: advice must be text"),
        ('[[play]]\nname = " "\nadvice = "y"', "play 1: name must be text"),
        ('[[play]]\nname = "x"\nadvice = "y"\nif = 1', "play 1: unknown entry if; known are name, advice, when"),
        ('[[play]]\nname = "x"\nadvice = "y"\nwhen = "high"', "play 1: when must be a table"),
        ('[[play]]\nname = "x"\nadvice = "y"\nwhen = { age = "old" }', "play 1: age must be high, average or low"),
        ('[[play]]\nname = "x"\nadvice = "y"\nwhen = { age = 3 }', "play 1: age must be high, average or low"),
        ('[[play]]\nname = "x"\nadvice = "y"\n' * 2, "two plays are called 'x'"),
    ],
)
def test_a_bad_playbook_is_one_sentence(write: Write, text: str, reason: str):
    """The message has the file, the play and what may stand there."""
    with pytest.raises(InputError, match=rf"plays\.toml: {reason}"):
        read_playbook(write(text, "plays.toml"))


def test_which_play_a_segment_gets(tmp_path: Path, write: Write):
    """One about its own features first, then the order of the file, and one for everybody only where no other fits."""
    # the rich ones are old: "Old" stands first, but the segments are not made from ages
    rows = "".join(f"p{i},Male,20,{15 + i % 3},50\nr{i},Female,70,{90 + i % 3},50\n" for i in range(20))
    toml = write('[money]\nfeatures = ["annual_income_k"]\nk = 2\nk_max = 2\n', "money.toml")
    playbook = write(PLAYS, "plays.toml")
    db = refreshed(tmp_path / "w", write(HEADER + rows), toml, playbook=playbook)
    found = {row["segment_name"]: row for row in db.rows("from marts.playbook where algorithm = 'kmeans'")}
    assert {name: row["play"] for name, row in found.items()} == {"High income": "Rich", "Low income": "Anything"}
    assert found["High income"]["because"] == "income high (+1.0)"
    assert found["High income"]["features"] == ["annual_income_k"]
    assert (found["Low income"]["because"], found["Low income"]["advice"]) == (None, "For everybody.")
    assert db.value("select detail from marts.gate where rule = 'Playbook'") == (
        "There is no feature height (in 'Of another world'): plays about it fit no segment."
    )


def test_a_segment_that_no_play_fits(tmp_path: Path, write: Write):
    """It stands there without one."""
    playbook = write('[[play]]\nname = "x"\nwhen = { age = "high" }\nadvice = "y"\n', "plays.toml")
    rows = "".join(f"{i},Male,30,{15 + 75 * (i % 2) + i % 5},50\n" for i in range(20))
    toml = write('[money]\nfeatures = ["annual_income_k"]\nk = 2\nk_max = 2\n', "money.toml")
    db = refreshed(tmp_path / "w", write(HEADER + rows), toml, playbook=playbook)
    assert db.rows("select distinct play, advice, because, offer from marts.playbook") == [
        {"play": None, "advice": None, "because": None, "offer": None}
    ]
    assert db.value("select verdict from marts.gate where rule = 'Playbook'") == "passed"


def test_the_plays_of_the_sample(bundled: Snapshot):
    """Each fits by the profile of its segment, worked out in Python, and none before it would; the offer is its surest item."""
    plays = read_playbook()
    profiles = bundled.rows("from marts.segment_feature_profiles")
    own = {
        (row["segmentation"], row["feature"]) for row in bundled.rows("select distinct segmentation, feature from segments.scaling")
    }
    rows = bundled.rows("from marts.playbook")
    assert len(rows) == bundled.value("select count(*) from marts.segment_profiles")
    for row in rows:
        key = (row["segmentation"], row["algorithm"], row["segment_id"])
        size = {
            each["feature"]: each["effect_size"]
            for each in profiles
            if (each["segmentation"], each["algorithm"], each["segment_id"]) == key
        }
        level = {name: "high" if effect >= 0.5 else "low" if effect <= -0.5 else "average" for name, effect in size.items()}
        fitting = [play for play in plays if play.when and all(level.get(name) == wanted for name, wanted in play.when)]
        of_own = [play for play in fitting if all((row["segmentation"], name) in own for name, _ in play.when)]
        assert row["play"] == [*of_own, *fitting, plays[-1]][0].name
        surest = bundled.rows(
            "select item_name, lift from marts.segment_products where (segmentation, algorithm, segment_id) = (?, ?, ?) "
            "and verdict = 'more' order by item_kind desc, lift_low desc, item limit 1",
            list(key),
        )
        assert (row["offer"], row["offer_lift"]) == ((surest[0]["item_name"], surest[0]["lift"]) if surest else (None, None))
