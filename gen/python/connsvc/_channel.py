"""How the clients connect."""

from __future__ import annotations

import time
from importlib import resources
from typing import Any, Callable, Optional, Union

import grpc

from connsvc.errors import PeeringFailed
from connsvc.v1 import waiting_pb2 as waiting
from connsvc.v1.enhanced_connection_pb2 import EnhancedConnection

Token = Union[str, Callable[[], str]]

OPTIONS = (
    # Round robin, and retries of the RPCs that the contract declares idempotent.
    ("grpc.service_config", resources.files("connsvc").joinpath("service_config.json").read_text()),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.max_receive_message_length", 64 << 20),
)


def credentials(given: Optional[grpc.ChannelCredentials], token: Optional[Token]) -> grpc.ChannelCredentials:
    """Returns TLS with gRPC's own list of CAs by default, and the token with each call."""
    channel = given or grpc.ssl_channel_credentials()
    if token is None:
        return channel
    current = token if callable(token) else lambda: str(token)

    def authenticate(context: grpc.AuthMetadataContext, callback: Any) -> None:
        callback((("authorization", f"Bearer {current()}"),), None)

    return grpc.composite_channel_credentials(channel, grpc.metadata_call_credentials(authenticate))


def wait_request(
    project_id: str, connection_id: str, deadline: float
) -> tuple[waiting.WaitEnhancedConnectionRequest, float]:
    """Returns a wait until the deadline, by time.monotonic(), and the timeout of the call."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError(f"the peerings of {connection_id} are not ACTIVE yet")
    request = waiting.WaitEnhancedConnectionRequest(project_id=project_id, connection_id=connection_id)
    request.timeout.FromMilliseconds(int(min(left, 3600) * 1000))
    return request, left + 10  # connsvc ends the wait by itself


def ready(response: waiting.WaitEnhancedConnectionResponse) -> Optional[EnhancedConnection]:
    """Returns the connection that can be used; None if it is to be waited for on."""
    if response.reached == response.GONE:
        raise LookupError("the connection does not exist any more")
    if response.reached == response.FAILED:
        raise PeeringFailed("; ".join(f"{failure.name}: {failure.err_msg}" for failure in response.failures))
    return response.connection if response.reached == response.READY else None
