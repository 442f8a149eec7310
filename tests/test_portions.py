from __future__ import annotations

import pytest

from hub.portions import portions


@pytest.mark.parametrize(
    ("sizes", "most", "cut"),
    [
        ([], None, []),
        ([1, 2, 3], None, [[1, 2, 3]]),
        ([4, 6, 1], None, [[4, 6], [1]]),
        ([11, 1, 12, 10], None, [[11], [1], [12], [10]]),
        ([1, 1, 1, 9, 1], 2, [[1, 1], [1, 9], [1]]),
    ],
)
def test_a_portion_holds_no_more_than_it_may_and_what_is_larger_comes_alone(
    sizes: list[int], most: int | None, cut: list[list[int]]
) -> None:
    assert list(portions(sizes, int, held=10, most=most)) == cut
