"""Backups: one sealed archive of the database and the private files, and the way back (docs/operations.md).

Database first, files second. A file is written before the row that names it, so every file that the snapshot's rows
name lies on the disk already when the files are read. The other way round, a note saved in between would come back
without its photo. What retention deletes in between is missing from the archive, and its row no longer names it.
"""
