"""The endpoints, one file per subject, each offering `router`; found by listing this folder."""
