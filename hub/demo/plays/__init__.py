"""The buttons of the stories panel: one file each, offering `play`; found by listing this folder."""
