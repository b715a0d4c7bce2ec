"""The client. connsvc.aio has the same for asyncio."""

from __future__ import annotations

import time
import uuid
from collections.abc import Generator, Iterator
from typing import Any, Optional

import grpc

from connsvc import _channel, errors
from connsvc.v1 import connection_service_pb2 as pb
from connsvc.v1 import waiting_pb2 as waiting
from connsvc.v1.connection_service_pb2_grpc import ConnectionServiceStub
from connsvc.v1.enhanced_connection_pb2 import EnhancedConnection


class Client(ConnectionServiceStub):
    """Has the RPCs as methods, and create, list, wait and watch on top of them.

    It uses TLS with gRPC's own list of CAs by default; insecure=True is for plaintext. The token
    authenticates the caller to connsvc and is sent over TLS only; it may be a function.
    """

    def __init__(
        self,
        address: str,
        *,
        credentials: Optional[grpc.ChannelCredentials] = None,
        token: Optional[_channel.Token] = None,
        insecure: bool = False,
    ) -> None:
        if insecure and (credentials or token):
            raise ValueError("a token and credentials need TLS: leave out insecure")
        if insecure:
            self.channel = grpc.insecure_channel(address, _channel.OPTIONS)
        else:
            self.channel = grpc.secure_channel(address, _channel.credentials(credentials, token), _channel.OPTIONS)
        super().__init__(self.channel)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: Any) -> None:
        self.channel.close()

    def create(
        self, request: pb.CreateEnhancedConnectionRequest, timeout: float = 180, attempt_timeout: float = 45
    ) -> pb.CreateEnhancedConnectionResponse:
        """Creates a connection, and repeats the call until its outcome is known.

        It sets the request_id of the request if there is none: the same request can be
        given again after an error.
        """
        request.request_id = request.request_id or str(uuid.uuid4())
        deadline = time.monotonic() + timeout
        while True:
            try:
                left = deadline - time.monotonic()
                return self.CreateEnhancedConnection(request, timeout=min(attempt_timeout, left))
            except grpc.RpcError as error:
                wait = errors.retry_after(error) or 1
                if not errors.repeatable(error) or time.monotonic() + wait >= deadline:
                    raise
            time.sleep(wait)

    def list(
        self, request: pb.ListEnhancedConnectionsRequest, timeout: float = 30
    ) -> Iterator[EnhancedConnection]:
        """Yields the connections of a list, page by page. The timeout is that of a page."""
        page = pb.ListEnhancedConnectionsRequest()
        page.CopyFrom(request)
        while True:
            response = self.ListEnhancedConnections(page, timeout=timeout)
            yield from response.connections
            page.page_token = response.next_page_token
            if not page.page_token:
                return
            page.offset = 0

    def wait(self, project_id: str, connection_id: str, timeout: float = 600) -> EnhancedConnection:
        """Returns the connection, without its hosts, once its queues and pools can use it.

        It goes on at another replica when one stops. A FAILED peering is PeeringFailed, a
        connection that does not exist any more LookupError, and the end of the time TimeoutError.
        """
        deadline = time.monotonic() + timeout
        while True:
            request, left = _channel.wait_request(project_id, connection_id, deadline)
            try:
                connection = _channel.ready(self.WaitEnhancedConnection(request, timeout=left))
            except grpc.RpcError as error:
                wait = errors.retry_after(error)
                if wait is None or time.monotonic() + wait >= deadline:
                    raise
                time.sleep(wait)
            else:
                if connection:
                    return connection

    def watch(
        self, request: waiting.WatchEnhancedConnectionsRequest
    ) -> Generator[waiting.WatchEnhancedConnectionsResponse, None, None]:
        """Yields the events of a watch, without an end.

        It watches again from where the watch was broken off, when connsvc says RECONNECT or the
        network fails. Before SYNCED an ADDED may come again.
        """
        following = waiting.WatchEnhancedConnectionsRequest()
        following.CopyFrom(request)
        while True:
            pause: float = 1
            stream = self.WatchEnhancedConnections(following)
            try:
                for event in stream:
                    following.resume_token = event.resume_token or following.resume_token
                    pause = 0
                    yield event
            except grpc.RpcError as error:
                told = errors.retry_after(error)
                if told is None and error.code() != grpc.StatusCode.UNAVAILABLE:
                    raise
                pause = 1 if told is None else told
            finally:
                stream.cancel()
            time.sleep(pause)
