from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class CreateConnectivityTestRequest(_message.Message):
    __slots__ = ["address", "project_id", "queue_name"]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    QUEUE_NAME_FIELD_NUMBER: _ClassVar[int]
    address: str
    project_id: str
    queue_name: str
    def __init__(self, project_id: _Optional[str] = ..., queue_name: _Optional[str] = ..., address: _Optional[str] = ...) -> None: ...

class CreateConnectivityTestResponse(_message.Message):
    __slots__ = ["is_success", "message", "task_id"]
    IS_SUCCESS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    is_success: bool
    message: str
    task_id: int
    def __init__(self, is_success: bool = ..., message: _Optional[str] = ..., task_id: _Optional[int] = ...) -> None: ...

class GetConnectivityTestRequest(_message.Message):
    __slots__ = ["project_id", "queue_name", "task_id"]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    QUEUE_NAME_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    project_id: str
    queue_name: str
    task_id: int
    def __init__(self, project_id: _Optional[str] = ..., queue_name: _Optional[str] = ..., task_id: _Optional[int] = ...) -> None: ...

class GetConnectivityTestResponse(_message.Message):
    __slots__ = ["connectivity", "is_success", "message"]
    CONNECTIVITY_FIELD_NUMBER: _ClassVar[int]
    IS_SUCCESS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    connectivity: str
    is_success: bool
    message: str
    def __init__(self, is_success: bool = ..., message: _Optional[str] = ..., connectivity: _Optional[str] = ...) -> None: ...
