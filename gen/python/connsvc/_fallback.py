"""Finds google.rpc, google.api and buf.validate in this package, where they are not installed.

googleapis-common-protos and protovalidate install modules of the same names. Protobuf allows
each .proto file once in a process, so where those are installed theirs are used, and the
copies in connsvc/_protos are used only where there are none.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

_PROTOS = Path(__file__).parent / "_protos"
_NAMES = ("buf", "buf.validate", "google.api", "google.rpc")


class _Fallback:
    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in _NAMES and name.rpartition(".")[0] not in _NAMES:
            return None
        folder = _PROTOS.joinpath(*name.split(".")[:-1])
        return PathFinder.find_spec(name, [str(folder)], target)


def install() -> None:
    """Adds the fallback behind all other finders."""
    sys.meta_path.append(_Fallback)
