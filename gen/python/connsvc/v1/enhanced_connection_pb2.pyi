from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EnhancedConnection(_message.Message):
    __slots__ = ["available_queue_info", "create_time", "dest_network_id", "dest_vpc_id", "elastic_resource_pools", "hosts", "id", "ipv6_enable", "is_privis", "name", "routes", "status", "update_time"]
    class Status(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = []
    ACTIVE: EnhancedConnection.Status
    AVAILABLE_QUEUE_INFO_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    DELETED: EnhancedConnection.Status
    DEST_NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    DEST_VPC_ID_FIELD_NUMBER: _ClassVar[int]
    ELASTIC_RESOURCE_POOLS_FIELD_NUMBER: _ClassVar[int]
    HOSTS_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    IPV6_ENABLE_FIELD_NUMBER: _ClassVar[int]
    IS_PRIVIS_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ROUTES_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    STATUS_UNSPECIFIED: EnhancedConnection.Status
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    available_queue_info: _containers.RepeatedCompositeFieldContainer[Peering]
    create_time: _timestamp_pb2.Timestamp
    dest_network_id: str
    dest_vpc_id: str
    elastic_resource_pools: _containers.RepeatedCompositeFieldContainer[Peering]
    hosts: _containers.RepeatedCompositeFieldContainer[Host]
    id: str
    ipv6_enable: bool
    is_privis: bool
    name: str
    routes: _containers.RepeatedCompositeFieldContainer[Route]
    status: EnhancedConnection.Status
    update_time: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., status: _Optional[_Union[EnhancedConnection.Status, str]] = ..., available_queue_info: _Optional[_Iterable[_Union[Peering, _Mapping]]] = ..., elastic_resource_pools: _Optional[_Iterable[_Union[Peering, _Mapping]]] = ..., dest_vpc_id: _Optional[str] = ..., dest_network_id: _Optional[str] = ..., create_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., hosts: _Optional[_Iterable[_Union[Host, _Mapping]]] = ..., ipv6_enable: bool = ..., is_privis: bool = ..., routes: _Optional[_Iterable[_Union[Route, _Mapping]]] = ...) -> None: ...

class Host(_message.Message):
    __slots__ = ["ip", "name"]
    IP_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ip: str
    name: str
    def __init__(self, name: _Optional[str] = ..., ip: _Optional[str] = ...) -> None: ...

class Peering(_message.Message):
    __slots__ = ["err_msg", "name", "peer_id", "status", "update_time"]
    class Status(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = []
    ACTIVE: Peering.Status
    CREATING: Peering.Status
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    FAILED: Peering.Status
    NAME_FIELD_NUMBER: _ClassVar[int]
    PEER_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    STATUS_UNSPECIFIED: Peering.Status
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    err_msg: str
    name: str
    peer_id: str
    status: Peering.Status
    update_time: _timestamp_pb2.Timestamp
    def __init__(self, peer_id: _Optional[str] = ..., status: _Optional[_Union[Peering.Status, str]] = ..., name: _Optional[str] = ..., err_msg: _Optional[str] = ..., update_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Privilege(_message.Message):
    __slots__ = ["applicant_project_id", "object", "privileges", "project_id"]
    APPLICANT_PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    PRIVILEGES_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    applicant_project_id: str
    object: str
    privileges: _containers.RepeatedScalarFieldContainer[str]
    project_id: str
    def __init__(self, object: _Optional[str] = ..., applicant_project_id: _Optional[str] = ..., project_id: _Optional[str] = ..., privileges: _Optional[_Iterable[str]] = ...) -> None: ...

class Route(_message.Message):
    __slots__ = ["cidr", "create_time", "name"]
    CIDR_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    cidr: str
    create_time: _timestamp_pb2.Timestamp
    name: str
    def __init__(self, name: _Optional[str] = ..., cidr: _Optional[str] = ..., create_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Tag(_message.Message):
    __slots__ = ["key", "value"]
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    key: str
    value: str
    def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
