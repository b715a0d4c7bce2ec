# Generated from connsvc/v1/connection_service.proto. DO NOT EDIT.
from collections.abc import AsyncIterator, Awaitable, Iterator, Sequence
from typing import Any, Optional, Protocol, TypeVar, Union

import grpc
import grpc.aio

import connsvc.v1.connection_service_pb2
import connsvc.v1.enhanced_connection_pb2
import connsvc.v1.waiting_pb2
import connsvc.v1.apply_pb2
import connsvc.v1.host_set_pb2
import connsvc.v1.connectivity_pb2

_Request = TypeVar("_Request", contravariant=True)
_Response = TypeVar("_Response", covariant=True)
_Metadata = Sequence[tuple[str, Union[str, bytes]]]

class _Unary(Protocol[_Request, _Response]):
    def __call__(self, request: _Request, timeout: Optional[float] = ..., metadata: Optional[_Metadata] = ..., credentials: Optional[grpc.CallCredentials] = ..., wait_for_ready: Optional[bool] = ..., compression: Optional[grpc.Compression] = ...) -> _Response: ...
    def with_call(self, request: _Request, timeout: Optional[float] = ..., metadata: Optional[_Metadata] = ..., credentials: Optional[grpc.CallCredentials] = ..., wait_for_ready: Optional[bool] = ..., compression: Optional[grpc.Compression] = ...) -> tuple[_Response, grpc.Call]: ...
    def future(self, request: _Request, timeout: Optional[float] = ..., metadata: Optional[_Metadata] = ..., credentials: Optional[grpc.CallCredentials] = ..., wait_for_ready: Optional[bool] = ..., compression: Optional[grpc.Compression] = ...) -> Any: ...

class _Events(Iterator[_Response], Protocol[_Response]):
    def cancel(self) -> bool: ...

class _Stream(Protocol[_Request, _Response]):
    def __call__(self, request: _Request, timeout: Optional[float] = ..., metadata: Optional[_Metadata] = ..., credentials: Optional[grpc.CallCredentials] = ..., wait_for_ready: Optional[bool] = ..., compression: Optional[grpc.Compression] = ...) -> _Events[_Response]: ...

class _AsyncUnary(Protocol[_Request, _Response]):
    def __call__(self, request: _Request, *, timeout: Optional[float] = ..., metadata: Optional[_Metadata] = ..., credentials: Optional[grpc.CallCredentials] = ..., wait_for_ready: Optional[bool] = ..., compression: Optional[grpc.Compression] = ...) -> Awaitable[_Response]: ...

class _AsyncEvents(AsyncIterator[_Response], Protocol[_Response]):
    def cancel(self) -> bool: ...

class _AsyncStream(Protocol[_Request, _Response]):
    def __call__(self, request: _Request, *, timeout: Optional[float] = ..., metadata: Optional[_Metadata] = ..., credentials: Optional[grpc.CallCredentials] = ..., wait_for_ready: Optional[bool] = ..., compression: Optional[grpc.Compression] = ...) -> _AsyncEvents[_Response]: ...

class ConnectionServiceStub:
    def __init__(self, channel: grpc.Channel) -> None: ...
    CreateEnhancedConnection: _Unary[connsvc.v1.connection_service_pb2.CreateEnhancedConnectionRequest, connsvc.v1.connection_service_pb2.CreateEnhancedConnectionResponse]
    GetEnhancedConnection: _Unary[connsvc.v1.connection_service_pb2.GetEnhancedConnectionRequest, connsvc.v1.enhanced_connection_pb2.EnhancedConnection]
    ListEnhancedConnections: _Unary[connsvc.v1.connection_service_pb2.ListEnhancedConnectionsRequest, connsvc.v1.connection_service_pb2.ListEnhancedConnectionsResponse]
    DeleteEnhancedConnection: _Unary[connsvc.v1.connection_service_pb2.DeleteEnhancedConnectionRequest, connsvc.v1.connection_service_pb2.DeleteEnhancedConnectionResponse]
    UpdateEnhancedConnectionHosts: _Unary[connsvc.v1.connection_service_pb2.UpdateEnhancedConnectionHostsRequest, connsvc.v1.connection_service_pb2.UpdateEnhancedConnectionHostsResponse]
    AssociateQueues: _Unary[connsvc.v1.connection_service_pb2.AssociateQueuesRequest, connsvc.v1.connection_service_pb2.AssociateQueuesResponse]
    DisassociateQueues: _Unary[connsvc.v1.connection_service_pb2.DisassociateQueuesRequest, connsvc.v1.connection_service_pb2.DisassociateQueuesResponse]
    CreateRoute: _Unary[connsvc.v1.connection_service_pb2.CreateRouteRequest, connsvc.v1.connection_service_pb2.CreateRouteResponse]
    DeleteRoute: _Unary[connsvc.v1.connection_service_pb2.DeleteRouteRequest, connsvc.v1.connection_service_pb2.DeleteRouteResponse]
    ListPrivileges: _Unary[connsvc.v1.connection_service_pb2.ListPrivilegesRequest, connsvc.v1.connection_service_pb2.ListPrivilegesResponse]
    UpdatePrivileges: _Unary[connsvc.v1.connection_service_pb2.UpdatePrivilegesRequest, connsvc.v1.connection_service_pb2.UpdatePrivilegesResponse]
    ListPrivilegesByObject: _Unary[connsvc.v1.connection_service_pb2.ListPrivilegesByObjectRequest, connsvc.v1.connection_service_pb2.ListPrivilegesByObjectResponse]
    WaitEnhancedConnection: _Unary[connsvc.v1.waiting_pb2.WaitEnhancedConnectionRequest, connsvc.v1.waiting_pb2.WaitEnhancedConnectionResponse]
    WatchEnhancedConnections: _Stream[connsvc.v1.waiting_pb2.WatchEnhancedConnectionsRequest, connsvc.v1.waiting_pb2.WatchEnhancedConnectionsResponse]
    ApplyEnhancedConnection: _Unary[connsvc.v1.apply_pb2.ApplyEnhancedConnectionRequest, connsvc.v1.apply_pb2.ApplyEnhancedConnectionResponse]
    CompareEnhancedConnection: _Unary[connsvc.v1.apply_pb2.CompareEnhancedConnectionRequest, connsvc.v1.apply_pb2.CompareEnhancedConnectionResponse]
    ListHosts: _Unary[connsvc.v1.host_set_pb2.ListHostsRequest, connsvc.v1.host_set_pb2.ListHostsResponse]
    AddHosts: _Unary[connsvc.v1.host_set_pb2.AddHostsRequest, connsvc.v1.host_set_pb2.AddHostsResponse]
    RemoveHosts: _Unary[connsvc.v1.host_set_pb2.RemoveHostsRequest, connsvc.v1.host_set_pb2.RemoveHostsResponse]
    CreateConnectivityTest: _Unary[connsvc.v1.connectivity_pb2.CreateConnectivityTestRequest, connsvc.v1.connectivity_pb2.CreateConnectivityTestResponse]
    GetConnectivityTest: _Unary[connsvc.v1.connectivity_pb2.GetConnectivityTestRequest, connsvc.v1.connectivity_pb2.GetConnectivityTestResponse]

class ConnectionServiceAsyncStub:
    """The type of ConnectionServiceStub over a channel of grpc.aio; it does not exist at run time."""
    def __init__(self, channel: grpc.aio.Channel) -> None: ...
    CreateEnhancedConnection: _AsyncUnary[connsvc.v1.connection_service_pb2.CreateEnhancedConnectionRequest, connsvc.v1.connection_service_pb2.CreateEnhancedConnectionResponse]
    GetEnhancedConnection: _AsyncUnary[connsvc.v1.connection_service_pb2.GetEnhancedConnectionRequest, connsvc.v1.enhanced_connection_pb2.EnhancedConnection]
    ListEnhancedConnections: _AsyncUnary[connsvc.v1.connection_service_pb2.ListEnhancedConnectionsRequest, connsvc.v1.connection_service_pb2.ListEnhancedConnectionsResponse]
    DeleteEnhancedConnection: _AsyncUnary[connsvc.v1.connection_service_pb2.DeleteEnhancedConnectionRequest, connsvc.v1.connection_service_pb2.DeleteEnhancedConnectionResponse]
    UpdateEnhancedConnectionHosts: _AsyncUnary[connsvc.v1.connection_service_pb2.UpdateEnhancedConnectionHostsRequest, connsvc.v1.connection_service_pb2.UpdateEnhancedConnectionHostsResponse]
    AssociateQueues: _AsyncUnary[connsvc.v1.connection_service_pb2.AssociateQueuesRequest, connsvc.v1.connection_service_pb2.AssociateQueuesResponse]
    DisassociateQueues: _AsyncUnary[connsvc.v1.connection_service_pb2.DisassociateQueuesRequest, connsvc.v1.connection_service_pb2.DisassociateQueuesResponse]
    CreateRoute: _AsyncUnary[connsvc.v1.connection_service_pb2.CreateRouteRequest, connsvc.v1.connection_service_pb2.CreateRouteResponse]
    DeleteRoute: _AsyncUnary[connsvc.v1.connection_service_pb2.DeleteRouteRequest, connsvc.v1.connection_service_pb2.DeleteRouteResponse]
    ListPrivileges: _AsyncUnary[connsvc.v1.connection_service_pb2.ListPrivilegesRequest, connsvc.v1.connection_service_pb2.ListPrivilegesResponse]
    UpdatePrivileges: _AsyncUnary[connsvc.v1.connection_service_pb2.UpdatePrivilegesRequest, connsvc.v1.connection_service_pb2.UpdatePrivilegesResponse]
    ListPrivilegesByObject: _AsyncUnary[connsvc.v1.connection_service_pb2.ListPrivilegesByObjectRequest, connsvc.v1.connection_service_pb2.ListPrivilegesByObjectResponse]
    WaitEnhancedConnection: _AsyncUnary[connsvc.v1.waiting_pb2.WaitEnhancedConnectionRequest, connsvc.v1.waiting_pb2.WaitEnhancedConnectionResponse]
    WatchEnhancedConnections: _AsyncStream[connsvc.v1.waiting_pb2.WatchEnhancedConnectionsRequest, connsvc.v1.waiting_pb2.WatchEnhancedConnectionsResponse]
    ApplyEnhancedConnection: _AsyncUnary[connsvc.v1.apply_pb2.ApplyEnhancedConnectionRequest, connsvc.v1.apply_pb2.ApplyEnhancedConnectionResponse]
    CompareEnhancedConnection: _AsyncUnary[connsvc.v1.apply_pb2.CompareEnhancedConnectionRequest, connsvc.v1.apply_pb2.CompareEnhancedConnectionResponse]
    ListHosts: _AsyncUnary[connsvc.v1.host_set_pb2.ListHostsRequest, connsvc.v1.host_set_pb2.ListHostsResponse]
    AddHosts: _AsyncUnary[connsvc.v1.host_set_pb2.AddHostsRequest, connsvc.v1.host_set_pb2.AddHostsResponse]
    RemoveHosts: _AsyncUnary[connsvc.v1.host_set_pb2.RemoveHostsRequest, connsvc.v1.host_set_pb2.RemoveHostsResponse]
    CreateConnectivityTest: _AsyncUnary[connsvc.v1.connectivity_pb2.CreateConnectivityTestRequest, connsvc.v1.connectivity_pb2.CreateConnectivityTestResponse]
    GetConnectivityTest: _AsyncUnary[connsvc.v1.connectivity_pb2.GetConnectivityTestRequest, connsvc.v1.connectivity_pb2.GetConnectivityTestResponse]

class ConnectionServiceServicer:
    def CreateEnhancedConnection(self, request: connsvc.v1.connection_service_pb2.CreateEnhancedConnectionRequest, context: Any) -> Any: ...
    def GetEnhancedConnection(self, request: connsvc.v1.connection_service_pb2.GetEnhancedConnectionRequest, context: Any) -> Any: ...
    def ListEnhancedConnections(self, request: connsvc.v1.connection_service_pb2.ListEnhancedConnectionsRequest, context: Any) -> Any: ...
    def DeleteEnhancedConnection(self, request: connsvc.v1.connection_service_pb2.DeleteEnhancedConnectionRequest, context: Any) -> Any: ...
    def UpdateEnhancedConnectionHosts(self, request: connsvc.v1.connection_service_pb2.UpdateEnhancedConnectionHostsRequest, context: Any) -> Any: ...
    def AssociateQueues(self, request: connsvc.v1.connection_service_pb2.AssociateQueuesRequest, context: Any) -> Any: ...
    def DisassociateQueues(self, request: connsvc.v1.connection_service_pb2.DisassociateQueuesRequest, context: Any) -> Any: ...
    def CreateRoute(self, request: connsvc.v1.connection_service_pb2.CreateRouteRequest, context: Any) -> Any: ...
    def DeleteRoute(self, request: connsvc.v1.connection_service_pb2.DeleteRouteRequest, context: Any) -> Any: ...
    def ListPrivileges(self, request: connsvc.v1.connection_service_pb2.ListPrivilegesRequest, context: Any) -> Any: ...
    def UpdatePrivileges(self, request: connsvc.v1.connection_service_pb2.UpdatePrivilegesRequest, context: Any) -> Any: ...
    def ListPrivilegesByObject(self, request: connsvc.v1.connection_service_pb2.ListPrivilegesByObjectRequest, context: Any) -> Any: ...
    def WaitEnhancedConnection(self, request: connsvc.v1.waiting_pb2.WaitEnhancedConnectionRequest, context: Any) -> Any: ...
    def WatchEnhancedConnections(self, request: connsvc.v1.waiting_pb2.WatchEnhancedConnectionsRequest, context: Any) -> Any: ...
    def ApplyEnhancedConnection(self, request: connsvc.v1.apply_pb2.ApplyEnhancedConnectionRequest, context: Any) -> Any: ...
    def CompareEnhancedConnection(self, request: connsvc.v1.apply_pb2.CompareEnhancedConnectionRequest, context: Any) -> Any: ...
    def ListHosts(self, request: connsvc.v1.host_set_pb2.ListHostsRequest, context: Any) -> Any: ...
    def AddHosts(self, request: connsvc.v1.host_set_pb2.AddHostsRequest, context: Any) -> Any: ...
    def RemoveHosts(self, request: connsvc.v1.host_set_pb2.RemoveHostsRequest, context: Any) -> Any: ...
    def CreateConnectivityTest(self, request: connsvc.v1.connectivity_pb2.CreateConnectivityTestRequest, context: Any) -> Any: ...
    def GetConnectivityTest(self, request: connsvc.v1.connectivity_pb2.GetConnectivityTestRequest, context: Any) -> Any: ...

def add_ConnectionServiceServicer_to_server(servicer: ConnectionServiceServicer, server: Any) -> None: ...
