"""The client for asyncio: connsvc.client with await."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Optional

import grpc
import grpc.aio

from connsvc import _channel, errors
from connsvc.v1 import connection_service_pb2 as pb
from connsvc.v1.connection_service_pb2_grpc import ConnectionServiceStub
from connsvc.v1.enhanced_connection_pb2 import EnhancedConnection

if TYPE_CHECKING:
    from connsvc.v1.connection_service_pb2_grpc import ConnectionServiceAsyncStub as _Stub
else:
    _Stub = ConnectionServiceStub  # it serves both kinds of channels


class Client(_Stub):
    """As connsvc.Client. Its methods are awaited; list is read by async for."""

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
            self.channel = grpc.aio.insecure_channel(address, _channel.OPTIONS)
        else:
            self.channel = grpc.aio.secure_channel(
                address, _channel.credentials(credentials, token), _channel.OPTIONS)
        super().__init__(self.channel)

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.channel.close()

    async def create(
        self, request: pb.CreateEnhancedConnectionRequest, timeout: float = 180, attempt_timeout: float = 45
    ) -> pb.CreateEnhancedConnectionResponse:
        """As connsvc.Client.create."""
        request.request_id = request.request_id or str(uuid.uuid4())
        deadline = time.monotonic() + timeout
        while True:
            try:
                left = deadline - time.monotonic()
                return await self.CreateEnhancedConnection(request, timeout=min(attempt_timeout, left))
            except grpc.RpcError as error:
                wait = errors.retry_after(error) or 1
                if not errors.repeatable(error) or time.monotonic() + wait >= deadline:
                    raise
            await asyncio.sleep(wait)

    async def list(
        self, request: pb.ListEnhancedConnectionsRequest, timeout: float = 30
    ) -> AsyncIterator[EnhancedConnection]:
        """As connsvc.Client.list."""
        page = pb.ListEnhancedConnectionsRequest()
        page.CopyFrom(request)
        while True:
            response = await self.ListEnhancedConnections(page, timeout=timeout)
            for connection in response.connections:
                yield connection
            page.page_token = response.next_page_token
            if not page.page_token:
                return
            page.offset = 0

    async def wait(self, project_id: str, connection_id: str, timeout: float = 600) -> EnhancedConnection:
        """As connsvc.Client.wait."""
        deadline = time.monotonic() + timeout
        while True:
            request, left = _channel.wait_request(project_id, connection_id, deadline)
            try:
                connection = _channel.ready(await self.WaitEnhancedConnection(request, timeout=left))
            except grpc.RpcError as error:
                wait = errors.retry_after(error)
                if wait is None or time.monotonic() + wait >= deadline:
                    raise
                await asyncio.sleep(wait)
            else:
                if connection:
                    return connection
