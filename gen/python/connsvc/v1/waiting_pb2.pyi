from buf.validate import validate_pb2 as _validate_pb2
from connsvc.v1 import enhanced_connection_pb2 as _enhanced_connection_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AddressTest(_message.Message):
    __slots__ = ["address", "queue", "reachable", "result"]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    QUEUE_FIELD_NUMBER: _ClassVar[int]
    REACHABLE_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    address: str
    queue: str
    reachable: bool
    result: str
    def __init__(self, queue: _Optional[str] = ..., address: _Optional[str] = ..., reachable: bool = ..., result: _Optional[str] = ...) -> None: ...

class PeeringFailure(_message.Message):
    __slots__ = ["advice", "elastic_resource_pool", "err_msg", "name"]
    ADVICE_FIELD_NUMBER: _ClassVar[int]
    ELASTIC_RESOURCE_POOL_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    advice: str
    elastic_resource_pool: bool
    err_msg: str
    name: str
    def __init__(self, name: _Optional[str] = ..., elastic_resource_pool: bool = ..., err_msg: _Optional[str] = ..., advice: _Optional[str] = ...) -> None: ...

class WaitEnhancedConnectionRequest(_message.Message):
    __slots__ = ["addresses", "connection_id", "project_id", "queues", "timeout"]
    ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    QUEUES_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    addresses: _containers.RepeatedScalarFieldContainer[str]
    connection_id: str
    project_id: str
    queues: _containers.RepeatedScalarFieldContainer[str]
    timeout: _duration_pb2.Duration
    def __init__(self, project_id: _Optional[str] = ..., connection_id: _Optional[str] = ..., timeout: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., addresses: _Optional[_Iterable[str]] = ..., queues: _Optional[_Iterable[str]] = ...) -> None: ...

class WaitEnhancedConnectionResponse(_message.Message):
    __slots__ = ["connection", "failures", "is_success", "message", "reached", "tests"]
    class Reached(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = []
    CONNECTION_FIELD_NUMBER: _ClassVar[int]
    FAILED: WaitEnhancedConnectionResponse.Reached
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    GONE: WaitEnhancedConnectionResponse.Reached
    IS_SUCCESS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    REACHED_FIELD_NUMBER: _ClassVar[int]
    REACHED_UNSPECIFIED: WaitEnhancedConnectionResponse.Reached
    READY: WaitEnhancedConnectionResponse.Reached
    TESTS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT: WaitEnhancedConnectionResponse.Reached
    connection: _enhanced_connection_pb2.EnhancedConnection
    failures: _containers.RepeatedCompositeFieldContainer[PeeringFailure]
    is_success: bool
    message: str
    reached: WaitEnhancedConnectionResponse.Reached
    tests: _containers.RepeatedCompositeFieldContainer[AddressTest]
    def __init__(self, is_success: bool = ..., message: _Optional[str] = ..., reached: _Optional[_Union[WaitEnhancedConnectionResponse.Reached, str]] = ..., connection: _Optional[_Union[_enhanced_connection_pb2.EnhancedConnection, _Mapping]] = ..., failures: _Optional[_Iterable[_Union[PeeringFailure, _Mapping]]] = ..., tests: _Optional[_Iterable[_Union[AddressTest, _Mapping]]] = ...) -> None: ...

class WatchEnhancedConnectionsRequest(_message.Message):
    __slots__ = ["connection_id", "project_id", "resume_token"]
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    connection_id: str
    project_id: str
    resume_token: str
    def __init__(self, project_id: _Optional[str] = ..., connection_id: _Optional[str] = ..., resume_token: _Optional[str] = ...) -> None: ...

class WatchEnhancedConnectionsResponse(_message.Message):
    __slots__ = ["as_of", "connection", "resume_token", "type"]
    class Type(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = []
    ADDED: WatchEnhancedConnectionsResponse.Type
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    CONNECTION_FIELD_NUMBER: _ClassVar[int]
    DELETED: WatchEnhancedConnectionsResponse.Type
    HEARTBEAT: WatchEnhancedConnectionsResponse.Type
    MODIFIED: WatchEnhancedConnectionsResponse.Type
    RECONNECT: WatchEnhancedConnectionsResponse.Type
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    SYNCED: WatchEnhancedConnectionsResponse.Type
    TYPE_FIELD_NUMBER: _ClassVar[int]
    TYPE_UNSPECIFIED: WatchEnhancedConnectionsResponse.Type
    as_of: _timestamp_pb2.Timestamp
    connection: _enhanced_connection_pb2.EnhancedConnection
    resume_token: str
    type: WatchEnhancedConnectionsResponse.Type
    def __init__(self, type: _Optional[_Union[WatchEnhancedConnectionsResponse.Type, str]] = ..., connection: _Optional[_Union[_enhanced_connection_pb2.EnhancedConnection, _Mapping]] = ..., resume_token: _Optional[str] = ..., as_of: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
