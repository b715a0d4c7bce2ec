from buf.validate import validate_pb2 as _validate_pb2
from connsvc.v1 import enhanced_connection_pb2 as _enhanced_connection_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AddHostsRequest(_message.Message):
    __slots__ = ["connection_id", "etag", "hosts", "project_id", "remove_others", "replace_names"]
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    HOSTS_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    REMOVE_OTHERS_FIELD_NUMBER: _ClassVar[int]
    REPLACE_NAMES_FIELD_NUMBER: _ClassVar[int]
    connection_id: str
    etag: str
    hosts: _containers.RepeatedCompositeFieldContainer[_enhanced_connection_pb2.Host]
    project_id: str
    remove_others: bool
    replace_names: bool
    def __init__(self, project_id: _Optional[str] = ..., connection_id: _Optional[str] = ..., hosts: _Optional[_Iterable[_Union[_enhanced_connection_pb2.Host, _Mapping]]] = ..., replace_names: bool = ..., etag: _Optional[str] = ..., remove_others: bool = ...) -> None: ...

class AddHostsResponse(_message.Message):
    __slots__ = ["added", "count", "etag", "is_success", "message", "removed"]
    ADDED_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    IS_SUCCESS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    REMOVED_FIELD_NUMBER: _ClassVar[int]
    added: int
    count: int
    etag: str
    is_success: bool
    message: str
    removed: int
    def __init__(self, is_success: bool = ..., message: _Optional[str] = ..., added: _Optional[int] = ..., removed: _Optional[int] = ..., count: _Optional[int] = ..., etag: _Optional[str] = ...) -> None: ...

class ListHostsRequest(_message.Message):
    __slots__ = ["connection_id", "project_id"]
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    connection_id: str
    project_id: str
    def __init__(self, project_id: _Optional[str] = ..., connection_id: _Optional[str] = ...) -> None: ...

class ListHostsResponse(_message.Message):
    __slots__ = ["count", "etag", "hosts", "is_success", "message"]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    HOSTS_FIELD_NUMBER: _ClassVar[int]
    IS_SUCCESS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    count: int
    etag: str
    hosts: _containers.RepeatedCompositeFieldContainer[_enhanced_connection_pb2.Host]
    is_success: bool
    message: str
    def __init__(self, is_success: bool = ..., message: _Optional[str] = ..., count: _Optional[int] = ..., hosts: _Optional[_Iterable[_Union[_enhanced_connection_pb2.Host, _Mapping]]] = ..., etag: _Optional[str] = ...) -> None: ...

class RemoveHostsRequest(_message.Message):
    __slots__ = ["allow_empty", "connection_id", "etag", "hosts", "names", "project_id"]
    ALLOW_EMPTY_FIELD_NUMBER: _ClassVar[int]
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    HOSTS_FIELD_NUMBER: _ClassVar[int]
    NAMES_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    allow_empty: bool
    connection_id: str
    etag: str
    hosts: _containers.RepeatedCompositeFieldContainer[_enhanced_connection_pb2.Host]
    names: _containers.RepeatedScalarFieldContainer[str]
    project_id: str
    def __init__(self, project_id: _Optional[str] = ..., connection_id: _Optional[str] = ..., hosts: _Optional[_Iterable[_Union[_enhanced_connection_pb2.Host, _Mapping]]] = ..., names: _Optional[_Iterable[str]] = ..., etag: _Optional[str] = ..., allow_empty: bool = ...) -> None: ...

class RemoveHostsResponse(_message.Message):
    __slots__ = ["count", "etag", "is_success", "message", "removed"]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    IS_SUCCESS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    REMOVED_FIELD_NUMBER: _ClassVar[int]
    count: int
    etag: str
    is_success: bool
    message: str
    removed: int
    def __init__(self, is_success: bool = ..., message: _Optional[str] = ..., removed: _Optional[int] = ..., count: _Optional[int] = ..., etag: _Optional[str] = ...) -> None: ...
