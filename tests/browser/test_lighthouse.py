"""What Lighthouse says of the three pages that agents live on. How fast they are is measured by `make bench`."""

from __future__ import annotations

import pytest

from bench.lighthouse import looked_at, score, shortcomings

from .demo import Demo

pytestmark = pytest.mark.real


@pytest.mark.parametrize("path", ["/", "/customers/{sara}", "/tickets/{ticket}"])
def test_lighthouse_finds_nothing_that_keeps_anybody_out(demo: Demo, path: str) -> None:
    report = looked_at(demo.url + path.format(sara=demo.sara, ticket=demo.ticket), demo.session, ["accessibility"])
    assert report["finalDisplayedUrl"].endswith(path.format(sara=demo.sara, ticket=demo.ticket))
    assert shortcomings(report, "accessibility") == []
    assert score(report, "accessibility") == 100
