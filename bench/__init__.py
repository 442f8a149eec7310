"""What is fast: ratios against the raw limit, taken in one run. `python -m bench` (or `make bench`)."""
