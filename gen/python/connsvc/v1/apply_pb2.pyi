from buf.validate import validate_pb2 as _validate_pb2
from connsvc.v1 import enhanced_connection_pb2 as _enhanced_connection_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ApplyEnhancedConnectionRequest(_message.Message):
    __slots__ = ["allow_replace", "connection", "project_id", "request_id", "validate_only"]
    ALLOW_REPLACE_FIELD_NUMBER: _ClassVar[int]
    CONNECTION_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    allow_replace: bool
    connection: EnhancedConnectionSpec
    project_id: str
    request_id: str
    validate_only: bool
    def __init__(self, project_id: _Optional[str] = ..., connection: _Optional[_Union[EnhancedConnectionSpec, _Mapping]] = ..., validate_only: bool = ..., allow_replace: bool = ..., request_id: _Optional[str] = ...) -> None: ...

class ApplyEnhancedConnectionResponse(_message.Message):
    __slots__ = ["changed", "connection", "connection_id", "difference", "is_success", "message", "steps", "warning"]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    CONNECTION_FIELD_NUMBER: _ClassVar[int]
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    IS_SUCCESS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    WARNING_FIELD_NUMBER: _ClassVar[int]
    changed: bool
    connection: _enhanced_connection_pb2.EnhancedConnection
    connection_id: str
    difference: ConnectionDifference
    is_success: bool
    message: str
    steps: _containers.RepeatedCompositeFieldContainer[ApplyStep]
    warning: str
    def __init__(self, is_success: bool = ..., message: _Optional[str] = ..., connection_id: _Optional[str] = ..., changed: bool = ..., difference: _Optional[_Union[ConnectionDifference, _Mapping]] = ..., steps: _Optional[_Iterable[_Union[ApplyStep, _Mapping]]] = ..., connection: _Optional[_Union[_enhanced_connection_pb2.EnhancedConnection, _Mapping]] = ..., warning: _Optional[str] = ...) -> None: ...

class ApplyReport(_message.Message):
    __slots__ = ["connection_id", "steps"]
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    connection_id: str
    steps: _containers.RepeatedCompositeFieldContainer[ApplyStep]
    def __init__(self, connection_id: _Optional[str] = ..., steps: _Optional[_Iterable[_Union[ApplyStep, _Mapping]]] = ...) -> None: ...

class ApplyStep(_message.Message):
    __slots__ = ["action", "count", "names", "state"]
    class Action(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = []
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = []
    ACTION_FIELD_NUMBER: _ClassVar[int]
    ACTION_UNSPECIFIED: ApplyStep.Action
    ADD_ROUTES: ApplyStep.Action
    BIND: ApplyStep.Action
    CHANGE_ROUTES: ApplyStep.Action
    COUNT_FIELD_NUMBER: _ClassVar[int]
    CREATE: ApplyStep.Action
    DELETE: ApplyStep.Action
    DELETE_ROUTES: ApplyStep.Action
    DONE: ApplyStep.State
    FAILED: ApplyStep.State
    GRANT: ApplyStep.Action
    LEFT: ApplyStep.State
    NAMES_FIELD_NUMBER: _ClassVar[int]
    NOT_NEEDED: ApplyStep.State
    REVOKE: ApplyStep.Action
    SET_HOSTS: ApplyStep.Action
    STATE_FIELD_NUMBER: _ClassVar[int]
    STATE_UNSPECIFIED: ApplyStep.State
    UNBIND: ApplyStep.Action
    UNKNOWN: ApplyStep.State
    action: ApplyStep.Action
    count: int
    names: _containers.RepeatedScalarFieldContainer[str]
    state: ApplyStep.State
    def __init__(self, action: _Optional[_Union[ApplyStep.Action, str]] = ..., state: _Optional[_Union[ApplyStep.State, str]] = ..., names: _Optional[_Iterable[str]] = ..., count: _Optional[int] = ...) -> None: ...

class CompareEnhancedConnectionRequest(_message.Message):
    __slots__ = ["connections", "project_id"]
    CONNECTIONS_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    connections: _containers.RepeatedCompositeFieldContainer[EnhancedConnectionSpec]
    project_id: str
    def __init__(self, project_id: _Optional[str] = ..., connections: _Optional[_Iterable[_Union[EnhancedConnectionSpec, _Mapping]]] = ...) -> None: ...

class CompareEnhancedConnectionResponse(_message.Message):
    __slots__ = ["differences", "different", "is_success", "message"]
    DIFFERENCES_FIELD_NUMBER: _ClassVar[int]
    DIFFERENT_FIELD_NUMBER: _ClassVar[int]
    IS_SUCCESS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    differences: _containers.RepeatedCompositeFieldContainer[ConnectionDifference]
    different: bool
    is_success: bool
    message: str
    def __init__(self, is_success: bool = ..., message: _Optional[str] = ..., different: bool = ..., differences: _Optional[_Iterable[_Union[ConnectionDifference, _Mapping]]] = ...) -> None: ...

class ConnectionDifference(_message.Message):
    __slots__ = ["connection_id", "fields", "kind", "name"]
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = []
    AMBIGUOUS: ConnectionDifference.Kind
    CHANGED: ConnectionDifference.Kind
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    KIND_UNSPECIFIED: ConnectionDifference.Kind
    MISSING: ConnectionDifference.Kind
    NAME_FIELD_NUMBER: _ClassVar[int]
    REPLACED: ConnectionDifference.Kind
    SAME: ConnectionDifference.Kind
    connection_id: str
    fields: _containers.RepeatedCompositeFieldContainer[FieldDifference]
    kind: ConnectionDifference.Kind
    name: str
    def __init__(self, name: _Optional[str] = ..., connection_id: _Optional[str] = ..., kind: _Optional[_Union[ConnectionDifference.Kind, str]] = ..., fields: _Optional[_Iterable[_Union[FieldDifference, _Mapping]]] = ...) -> None: ...

class EnhancedConnectionSpec(_message.Message):
    __slots__ = ["allow_empty", "dest_network_id", "dest_vpc_id", "elastic_resource_pools", "granted_project_ids", "hosts", "name", "queues", "routes", "routetable_id", "tags"]
    ALLOW_EMPTY_FIELD_NUMBER: _ClassVar[int]
    DEST_NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    DEST_VPC_ID_FIELD_NUMBER: _ClassVar[int]
    ELASTIC_RESOURCE_POOLS_FIELD_NUMBER: _ClassVar[int]
    GRANTED_PROJECT_IDS_FIELD_NUMBER: _ClassVar[int]
    HOSTS_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    QUEUES_FIELD_NUMBER: _ClassVar[int]
    ROUTES_FIELD_NUMBER: _ClassVar[int]
    ROUTETABLE_ID_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    allow_empty: _containers.RepeatedScalarFieldContainer[str]
    dest_network_id: str
    dest_vpc_id: str
    elastic_resource_pools: _containers.RepeatedScalarFieldContainer[str]
    granted_project_ids: _containers.RepeatedScalarFieldContainer[str]
    hosts: _containers.RepeatedCompositeFieldContainer[_enhanced_connection_pb2.Host]
    name: str
    queues: _containers.RepeatedScalarFieldContainer[str]
    routes: _containers.RepeatedCompositeFieldContainer[RouteSpec]
    routetable_id: str
    tags: _containers.RepeatedCompositeFieldContainer[_enhanced_connection_pb2.Tag]
    def __init__(self, name: _Optional[str] = ..., dest_vpc_id: _Optional[str] = ..., dest_network_id: _Optional[str] = ..., routetable_id: _Optional[str] = ..., queues: _Optional[_Iterable[str]] = ..., elastic_resource_pools: _Optional[_Iterable[str]] = ..., hosts: _Optional[_Iterable[_Union[_enhanced_connection_pb2.Host, _Mapping]]] = ..., tags: _Optional[_Iterable[_Union[_enhanced_connection_pb2.Tag, _Mapping]]] = ..., routes: _Optional[_Iterable[_Union[RouteSpec, _Mapping]]] = ..., granted_project_ids: _Optional[_Iterable[str]] = ..., allow_empty: _Optional[_Iterable[str]] = ...) -> None: ...

class FieldDifference(_message.Message):
    __slots__ = ["add_count", "field", "remove_count", "to_add", "to_remove"]
    ADD_COUNT_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    REMOVE_COUNT_FIELD_NUMBER: _ClassVar[int]
    TO_ADD_FIELD_NUMBER: _ClassVar[int]
    TO_REMOVE_FIELD_NUMBER: _ClassVar[int]
    add_count: int
    field: str
    remove_count: int
    to_add: _containers.RepeatedScalarFieldContainer[str]
    to_remove: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, field: _Optional[str] = ..., to_add: _Optional[_Iterable[str]] = ..., to_remove: _Optional[_Iterable[str]] = ..., add_count: _Optional[int] = ..., remove_count: _Optional[int] = ...) -> None: ...

class RouteSpec(_message.Message):
    __slots__ = ["cidr", "name"]
    CIDR_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    cidr: str
    name: str
    def __init__(self, name: _Optional[str] = ..., cidr: _Optional[str] = ...) -> None: ...
