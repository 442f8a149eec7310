"""What happened, in pure values: no IO, no clock.

`kinds/` holds one file per family of events; `draft` is what an adapter understood; `prepare` makes an event of it
(`envelope`), with computed ids (`ids`) and its personal part apart (`seal`); `catalogue` finds the kinds and reads old
versions; `identifiers` and `text` normalise what people write.
"""
