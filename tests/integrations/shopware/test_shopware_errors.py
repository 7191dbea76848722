"""The shop's error answers in each of their shapes, and what they mean."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.errors import IntegrationError, Rejected, Throttled, Unavailable
from integrations.http import Answer
from integrations.shopware.answers import Busy, ServerFault, judge
from integrations.shopware.ids import deterministic_id
from integrations.shopware.schemas import ErrorItem, SyncAnswer


def answer(status: int, *items: dict[str, Any], wait: float | None = None) -> Answer:
    return Answer(status, {}, {"errors": list(items)} if items else None, True, wait)


@pytest.mark.parametrize(
    ("item", "code", "detail", "pointer"),
    [
        (
            {"status": "400", "code": "FRAMEWORK__X", "title": "Bad", "detail": "limit",
             "source": {"pointer": "/limit"},
             "meta": {"parameters": {"limit": 501}}},
            "FRAMEWORK__X", "limit", "/limit",
        ),
        (
            {"code": "c1051bb4", "status": "400", "detail": "blank", "template": "blank", "meta": {"parameters": []},
             "source": {"pointer": "/0/0/taxId"}},
            "c1051bb4", "blank", "/0/0/taxId",
        ),
        ({"code": 0, "status": 404, "title": "Not Found", "detail": None}, "0", "Not Found", ""),
        ({"code": None, "detail": "x", "source": [], "meta": []}, "", "x", ""),
    ],
)  # fmt: skip
def test_every_shape_of_an_error_is_read(item: dict[str, Any], code: str, detail: str, pointer: str) -> None:
    assert ErrorItem.model_validate(item).problem() == (code, detail, pointer)


@pytest.mark.parametrize(
    ("status", "detail", "code", "kind"),
    [
        (500, "SQLSTATE[40001]: Serialization failure: 1213 Deadlock found", "0", Busy),
        (500, "SQLSTATE[HY000]: General error: 1205 Lock wait timeout exceeded", "0", Busy),
        (500, "whatever", "1213", Busy),
        (500, "SQLSTATE[23000]: Integrity constraint violation: 1452", "0", Rejected),
        (500, "Cannot delete or update a parent row: a foreign key constraint fails", "0", Rejected),
        (500, "SQLSTATE[22001]: String data, right truncated", "0", Rejected),
        (500, "x", "FRAMEWORK__DEFINITION_NOT_FOUND", Rejected),
        (500, 'Product "1205" broke a plugin', "0", ServerFault),
        (500, "No alive nodes found in your cluster", "0", ServerFault),
        (502, "x", "0", Unavailable),
        (503, "x", "0", Unavailable),
        (429, "x", "0", Throttled),
        (400, "x", "0", Rejected),
        (409, "in use", "FRAMEWORK__DELETE_RESTRICTED", Rejected),
    ],
)
def test_an_answer_means_what_its_text_says(status: int, detail: str, code: str, kind: type[IntegrationError]) -> None:
    assert type(judge(answer(status, {"detail": detail, "code": code}))) is kind


def test_an_error_without_an_envelope_still_has_a_reason() -> None:
    refused, broken = judge(answer(400)), judge(answer(500))

    assert isinstance(refused, Rejected)
    assert refused.reason == "answered 400"
    assert isinstance(broken, ServerFault)
    assert broken.may_have_happened


@pytest.mark.parametrize(
    ("parameters", "wait", "expected"),
    [({"seconds": 30}, None, 30.0), ({"seconds": "10"}, None, 10.0), ({"seconds": 30}, 5.0, 5.0), ([], None, None),
     ({"seconds": "soon"}, None, None), ({"seconds": 10**9}, None, 3600.0)],
)  # fmt: skip
def test_the_pause_is_read_from_the_header_and_else_from_the_body(
    parameters: Any, wait: float | None, expected: float | None
) -> None:
    error = judge(answer(429, {"code": "THROTTLED", "meta": {"parameters": parameters}}, wait=wait))

    assert isinstance(error, Throttled)
    assert error.retry_after_s == expected


def test_empty_parts_of_a_sync_answer_may_be_lists() -> None:
    empty = SyncAnswer.model_validate({"extensions": [], "data": [], "notFound": [], "deleted": []})
    full = SyncAnswer.model_validate({"data": {"product": ["a"]}, "notFound": {"tax": ["b"]}, "deleted": []})

    assert (empty.data, empty.not_found) == ({}, {})
    assert (full.data, full.not_found) == ({"product": ["a"]}, {"tax": ["b"]})


def test_our_ids_are_the_same_every_time_and_differ_by_kind() -> None:
    product = deterministic_id("product", "RD-1")

    assert product == "67673fd26422bfb7f43e2d91f6804396"
    assert product == deterministic_id("product", "RD-1") != deterministic_id("visibility", "RD-1")
