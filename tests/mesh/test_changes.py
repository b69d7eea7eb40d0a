"""What a new year changes."""

from actors.mesh.changes import Changes, Removed, Renamed, changes


def test_added_removed_and_renamed_headings_are_told_apart() -> None:
    before = {"D1": "Asthma", "D2": "Atrophy, Old", "D3": "Gone", "D5": "Kept"}
    after = {"D1": "Asthma, Bronchial", "D4": "New", "D5": "Kept", "D6": "Atrophy"}
    named = {"Atrophy, Old": "D6"}.get
    assert changes(before, after, named) == Changes(
        added=("D4", "D6"),
        removed=(Removed("D2", "Atrophy, Old", now="D6"), Removed("D3", "Gone", now=None)),
        renamed=(Renamed("D1", "Asthma", "Asthma, Bronchial"),),
    )


def test_the_same_year_changes_nothing() -> None:
    year = {"D1": "Asthma"}
    assert changes(year, year, year.get) == Changes((), (), ())
