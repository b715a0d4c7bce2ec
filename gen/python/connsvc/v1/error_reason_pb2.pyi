from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

ANSWER_TOO_LARGE: ErrorReason
BODY_TOO_LARGE: ErrorReason
CALLER_CANCELLED: ErrorReason
CALLER_QUOTA: ErrorReason
CALLER_UNAUTHENTICATED: ErrorReason
CONCURRENT_CHANGE: ErrorReason
CONNECTION_BUSY: ErrorReason
CONNECTION_NOT_FOUND: ErrorReason
CREATE_OUTCOME_UNKNOWN: ErrorReason
DESCRIPTOR: _descriptor.FileDescriptor
ELASTIC_RESOURCE_POOL_NOT_FOUND: ErrorReason
EMPTY_NOT_ALLOWED: ErrorReason
ERROR_REASON_UNSPECIFIED: ErrorReason
INTERNAL: ErrorReason
METHOD_NOT_ALLOWED: ErrorReason
METHOD_NOT_FOUND: ErrorReason
NAME_AMBIGUOUS: ErrorReason
NAME_TAKEN: ErrorReason
OPERATION_NOT_SUPPORTED: ErrorReason
OVERLOADED: ErrorReason
PEERING_FAILED: ErrorReason
POLICY_DENIED: ErrorReason
PROJECT_NOT_CONFIGURED: ErrorReason
QUEUE_NOT_FOUND: ErrorReason
REPLACE_NEEDED: ErrorReason
REQUEST_TIMEOUT: ErrorReason
RESOURCE_NOT_FOUND: ErrorReason
RESOURCE_UNAVAILABLE: ErrorReason
UPSTREAM_CREDENTIALS: ErrorReason
UPSTREAM_DENIED: ErrorReason
UPSTREAM_FAULT: ErrorReason
UPSTREAM_QUOTA: ErrorReason
UPSTREAM_REFUSED: ErrorReason
UPSTREAM_THROTTLED: ErrorReason
UPSTREAM_TIMEOUT: ErrorReason
UPSTREAM_UNAVAILABLE: ErrorReason
VALIDATION_FAILED: ErrorReason

class ErrorReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []
