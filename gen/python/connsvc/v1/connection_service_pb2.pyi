from buf.validate import validate_pb2 as _validate_pb2
from connsvc.v1 import apply_pb2 as _apply_pb2
from connsvc.v1 import connectivity_pb2 as _connectivity_pb2
from connsvc.v1 import enhanced_connection_pb2 as _enhanced_connection_pb2
from connsvc.v1 import host_set_pb2 as _host_set_pb2
from connsvc.v1 import waiting_pb2 as _waiting_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

BASIC: EnhancedConnectionView
DESCRIPTOR: _descriptor.FileDescriptor
ENHANCED_CONNECTION_VIEW_UNSPECIFIED: EnhancedConnectionView
FULL: EnhancedConnectionView

class AssociateQueuesRequest(_message.Message):
    __slots__ = ["connection_id", "elastic_resource_pools", "project_id", "queues"]
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    ELASTIC_RESOURCE_POOLS_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    QUEUES_FIELD_NUMBER: _ClassVar[int]
    connection_id: str
    elastic_resource_pools: _containers.RepeatedScalarFieldContainer[str]
    project_id: str
    queues: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, project_id: _Optional[str] = ..., connection_id: _Optional[str] = ..., queues: _Optional[_Iterable[str]] = ..., elastic_resource_pools: _Optional[_Iterable[str]] = ...) -> None: ...

class AssociateQueuesResponse(_message.Message):
    __slots__ = ["is_success", "message"]
    IS_SUCCESS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    is_success: bool
    message: str
    def __init__(self, is_success: bool = ..., message: _Optional[str] = ...) -> None: ...

class CreateEnhancedConnectionRequest(_message.Message):
    __slots__ = ["dest_network_id", "dest_vpc_id", "elastic_resource_pools", "hosts", "name", "project_id", "queues", "request_id", "routetable_id", "tags"]
    DEST_NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    DEST_VPC_ID_FIELD_NUMBER: _ClassVar[int]
    ELASTIC_RESOURCE_POOLS_FIELD_NUMBER: _ClassVar[int]
    HOSTS_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    QUEUES_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ROUTETABLE_ID_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    dest_network_id: str
    dest_vpc_id: str
    elastic_resource_pools: _containers.RepeatedScalarFieldContainer[str]
    hosts: _containers.RepeatedCompositeFieldContainer[_enhanced_connection_pb2.Host]
    name: str
    project_id: str
    queues: _containers.RepeatedScalarFieldContainer[str]
    request_id: str
    routetable_id: str
    tags: _containers.RepeatedCompositeFieldContainer[_enhanced_connection_pb2.Tag]
    def __init__(self, project_id: _Optional[str] = ..., name: _Optional[str] = ..., dest_vpc_id: _Optional[str] = ..., dest_network_id: _Optional[str] = ..., queues: _Optional[_Iterable[str]] = ..., elastic_resource_pools: _Optional[_Iterable[str]] = ..., routetable_id: _Optional[str] = ..., hosts: _Optional[_Iterable[_Union[_enhanced_connection_pb2.Host, _Mapping]]] = ..., tags: _Optional[_Iterable[_Union[_enhanced_connection_pb2.Tag, _Mapping]]] = ..., request_id: _Optional[str] = ...) -> None: ...

class CreateEnhancedConnectionResponse(_message.Message):
    __slots__ = ["connection_id", "is_success", "message", "reconciled", "warning"]
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    IS_SUCCESS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    RECONCILED_FIELD_NUMBER: _ClassVar[int]
    WARNING_FIELD_NUMBER: _ClassVar[int]
    connection_id: str
    is_success: bool
    message: str
    reconciled: bool
    warning: str
    def __init__(self, is_success: bool = ..., message: _Optional[str] = ..., connection_id: _Optional[str] = ..., reconciled: bool = ..., warning: _Optional[str] = ...) -> None: ...

class CreateRouteRequest(_message.Message):
    __slots__ = ["cidr", "connection_id", "name", "project_id"]
    CIDR_FIELD_NUMBER: _ClassVar[int]
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    cidr: str
    connection_id: str
    name: str
    project_id: str
    def __init__(self, project_id: _Optional[str] = ..., connection_id: _Optional[str] = ..., name: _Optional[str] = ..., cidr: _Optional[str] = ...) -> None: ...

class CreateRouteResponse(_message.Message):
    __slots__ = ["is_success", "message"]
    IS_SUCCESS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    is_success: bool
    message: str
    def __init__(self, is_success: bool = ..., message: _Optional[str] = ...) -> None: ...

class DeleteEnhancedConnectionRequest(_message.Message):
    __slots__ = ["connection_id", "project_id"]
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    connection_id: str
    project_id: str
    def __init__(self, project_id: _Optional[str] = ..., connection_id: _Optional[str] = ...) -> None: ...

class DeleteEnhancedConnectionResponse(_message.Message):
    __slots__ = ["is_success", "message"]
    IS_SUCCESS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    is_success: bool
    message: str
    def __init__(self, is_success: bool = ..., message: _Optional[str] = ...) -> None: ...

class DeleteRouteRequest(_message.Message):
    __slots__ = ["connection_id", "name", "project_id"]
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    connection_id: str
    name: str
    project_id: str
    def __init__(self, project_id: _Optional[str] = ..., connection_id: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class DeleteRouteResponse(_message.Message):
    __slots__ = ["is_success", "message"]
    IS_SUCCESS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    is_success: bool
    message: str
    def __init__(self, is_success: bool = ..., message: _Optional[str] = ...) -> None: ...

class DisassociateQueuesRequest(_message.Message):
    __slots__ = ["connection_id", "elastic_resource_pools", "project_id", "queues"]
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    ELASTIC_RESOURCE_POOLS_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    QUEUES_FIELD_NUMBER: _ClassVar[int]
    connection_id: str
    elastic_resource_pools: _containers.RepeatedScalarFieldContainer[str]
    project_id: str
    queues: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, project_id: _Optional[str] = ..., connection_id: _Optional[str] = ..., queues: _Optional[_Iterable[str]] = ..., elastic_resource_pools: _Optional[_Iterable[str]] = ...) -> None: ...

class DisassociateQueuesResponse(_message.Message):
    __slots__ = ["is_success", "message"]
    IS_SUCCESS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    is_success: bool
    message: str
    def __init__(self, is_success: bool = ..., message: _Optional[str] = ...) -> None: ...

class GetEnhancedConnectionRequest(_message.Message):
    __slots__ = ["connection_id", "project_id"]
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    connection_id: str
    project_id: str
    def __init__(self, project_id: _Optional[str] = ..., connection_id: _Optional[str] = ...) -> None: ...

class ListEnhancedConnectionsRequest(_message.Message):
    __slots__ = ["limit", "name", "offset", "page_token", "project_id", "status", "tags", "view"]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    limit: int
    name: str
    offset: int
    page_token: str
    project_id: str
    status: _enhanced_connection_pb2.EnhancedConnection.Status
    tags: _containers.RepeatedCompositeFieldContainer[_enhanced_connection_pb2.Tag]
    view: EnhancedConnectionView
    def __init__(self, project_id: _Optional[str] = ..., limit: _Optional[int] = ..., offset: _Optional[int] = ..., status: _Optional[_Union[_enhanced_connection_pb2.EnhancedConnection.Status, str]] = ..., name: _Optional[str] = ..., tags: _Optional[_Iterable[_Union[_enhanced_connection_pb2.Tag, _Mapping]]] = ..., view: _Optional[_Union[EnhancedConnectionView, str]] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListEnhancedConnectionsResponse(_message.Message):
    __slots__ = ["connections", "count", "is_success", "message", "next_page_token"]
    CONNECTIONS_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    IS_SUCCESS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    connections: _containers.RepeatedCompositeFieldContainer[_enhanced_connection_pb2.EnhancedConnection]
    count: int
    is_success: bool
    message: str
    next_page_token: str
    def __init__(self, is_success: bool = ..., message: _Optional[str] = ..., count: _Optional[int] = ..., connections: _Optional[_Iterable[_Union[_enhanced_connection_pb2.EnhancedConnection, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListPrivilegesByObjectRequest(_message.Message):
    __slots__ = ["object", "project_id"]
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    object: str
    project_id: str
    def __init__(self, project_id: _Optional[str] = ..., object: _Optional[str] = ...) -> None: ...

class ListPrivilegesByObjectResponse(_message.Message):
    __slots__ = ["count", "is_success", "message", "object_name", "object_type", "privileges"]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    IS_SUCCESS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    OBJECT_NAME_FIELD_NUMBER: _ClassVar[int]
    OBJECT_TYPE_FIELD_NUMBER: _ClassVar[int]
    PRIVILEGES_FIELD_NUMBER: _ClassVar[int]
    count: int
    is_success: bool
    message: str
    object_name: str
    object_type: str
    privileges: _containers.RepeatedCompositeFieldContainer[_enhanced_connection_pb2.Privilege]
    def __init__(self, is_success: bool = ..., message: _Optional[str] = ..., object_name: _Optional[str] = ..., object_type: _Optional[str] = ..., count: _Optional[int] = ..., privileges: _Optional[_Iterable[_Union[_enhanced_connection_pb2.Privilege, _Mapping]]] = ...) -> None: ...

class ListPrivilegesRequest(_message.Message):
    __slots__ = ["connection_id", "project_id"]
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    connection_id: str
    project_id: str
    def __init__(self, project_id: _Optional[str] = ..., connection_id: _Optional[str] = ...) -> None: ...

class ListPrivilegesResponse(_message.Message):
    __slots__ = ["connection_id", "is_success", "message", "privileges"]
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    IS_SUCCESS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    PRIVILEGES_FIELD_NUMBER: _ClassVar[int]
    connection_id: str
    is_success: bool
    message: str
    privileges: _containers.RepeatedCompositeFieldContainer[_enhanced_connection_pb2.Privilege]
    def __init__(self, is_success: bool = ..., message: _Optional[str] = ..., connection_id: _Optional[str] = ..., privileges: _Optional[_Iterable[_Union[_enhanced_connection_pb2.Privilege, _Mapping]]] = ...) -> None: ...

class UpdateEnhancedConnectionHostsRequest(_message.Message):
    __slots__ = ["connection_id", "hosts", "project_id"]
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    HOSTS_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    connection_id: str
    hosts: _containers.RepeatedCompositeFieldContainer[_enhanced_connection_pb2.Host]
    project_id: str
    def __init__(self, project_id: _Optional[str] = ..., connection_id: _Optional[str] = ..., hosts: _Optional[_Iterable[_Union[_enhanced_connection_pb2.Host, _Mapping]]] = ...) -> None: ...

class UpdateEnhancedConnectionHostsResponse(_message.Message):
    __slots__ = ["is_success", "message"]
    IS_SUCCESS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    is_success: bool
    message: str
    def __init__(self, is_success: bool = ..., message: _Optional[str] = ...) -> None: ...

class UpdatePrivilegesRequest(_message.Message):
    __slots__ = ["action", "grantee_project_id", "privileges", "project_id"]
    class ObjectPrivileges(_message.Message):
        __slots__ = ["object", "privileges"]
        OBJECT_FIELD_NUMBER: _ClassVar[int]
        PRIVILEGES_FIELD_NUMBER: _ClassVar[int]
        object: str
        privileges: _containers.RepeatedScalarFieldContainer[str]
        def __init__(self, object: _Optional[str] = ..., privileges: _Optional[_Iterable[str]] = ...) -> None: ...
    ACTION_FIELD_NUMBER: _ClassVar[int]
    GRANTEE_PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    PRIVILEGES_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    action: str
    grantee_project_id: str
    privileges: _containers.RepeatedCompositeFieldContainer[UpdatePrivilegesRequest.ObjectPrivileges]
    project_id: str
    def __init__(self, project_id: _Optional[str] = ..., grantee_project_id: _Optional[str] = ..., action: _Optional[str] = ..., privileges: _Optional[_Iterable[_Union[UpdatePrivilegesRequest.ObjectPrivileges, _Mapping]]] = ...) -> None: ...

class UpdatePrivilegesResponse(_message.Message):
    __slots__ = ["is_success", "message"]
    IS_SUCCESS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    is_success: bool
    message: str
    def __init__(self, is_success: bool = ..., message: _Optional[str] = ...) -> None: ...

class EnhancedConnectionView(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []
