"""`python -m hub`: the command `hub`, where its script is not on the path."""

from hub.cli import main

main(prog_name="hub")
