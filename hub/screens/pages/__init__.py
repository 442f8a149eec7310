"""The pages, one file each, offering `router`; found by listing this folder."""
