"""What each screen shows: one file per projection, each offering `projection`, found by listing the folder.

A projection is a pure value (`_shape`): a `Fold` has one row per stream, an `Append` only adds rows. It sees no database,
no clock and no batch; loading, writing, checkpoints, rebuilding are written once, for all. Delete the file and the
feature is gone.
"""
