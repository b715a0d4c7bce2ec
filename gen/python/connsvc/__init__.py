"""A client of connsvc, the gateway for DLI enhanced datasource connections.

    with connsvc.Client("connsvc.internal:9090", token=token) as client:
        created = client.create(pb.CreateEnhancedConnectionRequest(...))

The messages are in connsvc.v1; connsvc.aio has the client for asyncio.
"""

from connsvc import _fallback

_fallback.install()  # before the first import of generated code

from connsvc.client import Client  # noqa: E402
from connsvc.errors import (  # noqa: E402
    PeeringFailed,
    Violation,
    reason,
    retry_after,
    violations,
)

__all__ = ["Client", "PeeringFailed", "Violation", "reason", "retry_after", "violations"]
