"""Order numbers as people write them."""

from __future__ import annotations

import time

import pytest

from hub.events.order_numbers import order_number, order_numbers


@pytest.mark.parametrize(
    "text",
    ["order 12345", "#12345", "Order No.: 12345", "order number is 12345", "order ref 12345", "order reference: 12345",
     "ORDER NUMBER: *12345*", "order \u200e12345", "سفارش ۱۲۳۴۵", "شماره سفارش: ۱۲۳۴۵", "شماره سفارش من ۱۲۳۴۵ است",
     "سفارشم ۱۲۳۴۵ نرسید", "سفارش به شماره ۱۲۳۴۵", "سفارش شماره\u200cی ۱۲۳۴۵", "سفارش \u202b۱۲۳۴۵\u202c"],
)  # fmt: skip
def test_an_order_is_named_in_many_ways(text: str) -> None:
    assert order_numbers([text]) == ["12345"]


@pytest.mark.parametrize(
    "text", ["orders 12345, 12346 and 12347", "order #12345, #12346 & #12347", "سفارش‌های ۱۲۳۴۵، ۱۲۳۴۶ و ۱۲۳۴۷"]
)
def test_one_word_may_name_several(text: str) -> None:
    assert order_numbers([text]) == ["12345", "12346", "12347"]


@pytest.mark.parametrize("text", ["order 1234, 2026-05-04", "order 1234 and 500 more", "order 1234 and then 5678"])
def test_what_follows_a_number_is_not_always_one(text: str) -> None:
    assert order_numbers([text]) == ["1234"]


@pytest.mark.parametrize("text", ["5001", " #5001 ", "\u200e5001", "\u202a#5001\u202c", "#\u20685001\u2069", "\u061c۵۰۰۱\u200f"])
def test_a_number_alone_has_one_spelling(text: str) -> None:
    assert order_number(text) == "5001"


@pytest.mark.parametrize("text", ["order 12", "I ordered 500 lamps", "my order is 500 euro", "+98 912 345 6789"])
def test_other_numbers_are_none(text: str) -> None:
    assert order_numbers([text]) == []


def test_a_pattern_of_ones_own_says_all() -> None:
    assert order_numbers(["AB-1001, AB-1002 and 1003"], r"AB-(\d+)") == ["1001", "1002"]


@pytest.mark.parametrize("before", range(480, 720, 20))
def test_a_number_is_found_whole_wherever_in_a_long_text_it_stands(before: int) -> None:
    text = "x" * before + " order 1234567 and no 89 " + "y" * 700 + " #1048"
    assert order_numbers([text]) == ["1234567", "1048"]
    assert order_numbers([text], r"\d+") == ["1234567", "89", "1048"]


def test_a_pattern_of_ones_own_that_takes_the_square_of_a_text_takes_that_of_a_part() -> None:
    def seconds(length: int) -> float:
        start = time.thread_time()  # what others take of the processor is not counted
        assert order_numbers(["A" * length], r"[A-Z]+-(\d+)") == []
        return time.thread_time() - start

    assert seconds(40_000) < 10 * seconds(10_000)
