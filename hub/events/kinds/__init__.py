"""The families of events, one file each, each offering `KINDS`; found by listing this folder."""
