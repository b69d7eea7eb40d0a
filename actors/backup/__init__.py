"""Backups: the database and the files as they were at one moment, in a folder of sets.

    DIR/
        2026-11-26T020000Z/       a set; it is one once manifest.json lies in it under this name
            database.dump         pg_dump's custom format
            files/…               all of data_dir/files; what is unchanged since the last set is a link to it
            manifest.json         what there is: size and SHA-256 of each file, rows of each table, schema, snapshot
        .making-…                 a set that is being made, or was when its maker died; the next run clears it away
        .lock                     held by who makes or removes sets

**One moment.** A transaction takes a snapshot of the database, and `pg_dump` reads exactly that. The files are copied
afterwards. A file is on the disk before the row that names it, and is removed at least a day after the last row that
did, by a sweep that no backup meets: so whatever the rows of the snapshot name is there when it is copied. That is
checked, too.

**Whole or not at all.** Everything is on the disk before the manifest is, and only then is the folder given its name.
Old sets go after that, and never the last good one. So a kill at any moment leaves the last good set as it was.

make.py makes a set, restoring.py brings one back, drill.py does both into a scratch database and compares.
"""
