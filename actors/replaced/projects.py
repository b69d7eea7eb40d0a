"""Projects of the replaced systems. No I/O."""

from actors.replaced import Beside, OldProject, Read, Row
from actors.replaced.values import login_of, needed, text

PEOPLE = ("users",)
OWNERS = ("user_id", "owner_id", "created_by")


def read_project(row: Row, beside: Beside) -> Read:
    """Raises NotTaken."""
    owner = login_of(beside, PEOPLE, next((found for name in OWNERS if (found := text(row, name))), None))
    state = ("status (no place yet)",) if text(row, "status") else ()
    name = (text(row, "name") or needed(row, "title"))[:200]
    return Read((OldProject(name, (text(row, "description") or "")[:5000], owner),), state)
