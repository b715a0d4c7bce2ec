"""What an error of connsvc says."""

from __future__ import annotations

from typing import NamedTuple, Optional, TypeVar

import grpc
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

_Detail = TypeVar("_Detail", bound=Message)


class Violation(NamedTuple):
    """A field of a request that breaks a rule of the contract."""

    field: str  # as in "hosts[3].ip"; empty: the request as a whole
    rule: str  # as in "STRING_IPV4"
    description: str


class PeeringFailed(Exception):
    """DLI could not connect a queue or elastic resource pool."""


def reason(error: grpc.RpcError) -> str:
    """Returns the name of an ErrorReason; empty if the error is not connsvc's own."""
    info = detail(error, error_details_pb2.ErrorInfo)
    return info.reason if info else ""


def violations(error: grpc.RpcError) -> list[Violation]:
    """Returns what is wrong with the request: the first 25 violations."""
    bad = detail(error, error_details_pb2.BadRequest)
    return [Violation(v.field, v.reason, v.description) for v in bad.field_violations] if bad else []


def retry_after(error: grpc.RpcError) -> Optional[float]:
    """Returns the seconds to wait before the call is made again, if connsvc says so."""
    info = detail(error, error_details_pb2.RetryInfo)
    return info.retry_delay.ToTimedelta().total_seconds() if info else None


def detail(error: grpc.RpcError, kind: type[_Detail]) -> Optional[_Detail]:
    """Returns the detail of a type in an error."""
    found = kind()
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            if any(d.Unpack(found) for d in status_pb2.Status.FromString(value).details):
                return found
    return None


def repeatable(error: grpc.RpcError) -> bool:
    """Whether a create with a request_id may succeed if it is repeated.

    With an ID that connsvc could not store, a repeat would be another create.
    """
    info = detail(error, error_details_pb2.ErrorInfo)
    if info and info.metadata.get("request_id_stored") == "false":
        return False
    return (
        retry_after(error) is not None
        or error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
        or reason(error) == "CREATE_OUTCOME_UNKNOWN"
    )
