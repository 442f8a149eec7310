"""The customers with a story worth reading: one file each, offering `story`; found by listing this folder."""
