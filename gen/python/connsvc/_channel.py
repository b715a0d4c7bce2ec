"""How the clients connect."""

from __future__ import annotations

from importlib import resources
from typing import Any, Callable, Optional, Union

import grpc

from connsvc.errors import PeeringFailed
from connsvc.v1 import enhanced_connection_pb2 as pb

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


def all_active(connection: pb.EnhancedConnection) -> bool:
    """Whether all peerings are ACTIVE."""
    peerings = [*connection.available_queue_info, *connection.elastic_resource_pools]
    for peering in peerings:
        if peering.status == pb.Peering.FAILED:
            raise PeeringFailed(f"{peering.name}: {peering.err_msg}")
    return all(peering.status == pb.Peering.ACTIVE for peering in peerings)
