"""Files of projects; a job takes what was deleted, and what never arrived."""

from actors.retention import Held, Kept, Names
from actors.storage import PREFIX, store

KEPT = Kept("files", held={"stored_files": Held.FOREVER}, names=(Names(PREFIX, store.keys),))
