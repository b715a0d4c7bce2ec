"""Plays the scenes in Python, synchronously and by asyncio."""

from __future__ import annotations

import asyncio
import json
import os
import time
import urllib.request
from typing import Any, Callable, Union

import grpc

import connsvc
import connsvc.aio
from connsvc.v1 import connection_service_pb2 as pb
from connsvc.v1.enhanced_connection_pb2 import Host, Peering
from connsvc.v1.waiting_pb2 import WaitEnhancedConnectionRequest, WatchEnhancedConnectionsRequest

PROJECT = "48cc2c48765f481480c7db940d6409d1"
THROTTLED = {"times": 1, "fault": {"kind": "status", "status": 429, "retry_after": "6s"}}


def request(name: str, **fields: Any) -> pb.CreateEnhancedConnectionRequest:
    return pb.CreateEnhancedConnectionRequest(
        project_id=PROJECT, name=name, dest_vpc_id="22094d8f-c310-4621-913d-4c4d655d8495",
        dest_network_id="78f2562a-36e4-4b39-95b9-f5aab22e1281", **fields)


GET_NONE = pb.GetEnhancedConnectionRequest(project_id=PROJECT, connection_id="00000000-0000-4000-8000-000000000000")


def faults(*rules: dict) -> None:
    body = json.dumps({"rules": rules}).encode()
    url = os.environ["CONNSVC_EMULATOR"] + "/_emulator/faults"
    urllib.request.urlopen(urllib.request.Request(url, body, method="PUT")).read()


def failure(call: Callable[[], object]) -> grpc.RpcError:
    try:
        got = call()
    except grpc.RpcError as error:
        return error
    raise AssertionError(f"it succeeded: {got}")


def lifecycle(client: connsvc.Client) -> None:
    created = client.create(request("lifecycle", queues=["q1"]))
    at = {"project_id": PROJECT, "connection_id": created.connection_id}
    connection = client.wait(PROJECT, created.connection_id)
    assert connection.available_queue_info[0].status == Peering.ACTIVE, connection
    client.create(request("lifecycle1"))
    client.create(request("lifecycle2"))
    listed = list(client.list(pb.ListEnhancedConnectionsRequest(project_id=PROJECT, limit=2)))
    assert len(listed) == 3 and all(c.create_time.seconds > 0 for c in listed), listed
    client.AssociateQueues(pb.AssociateQueuesRequest(queues=["q2"], **at))
    client.wait(PROJECT, created.connection_id)
    client.DisassociateQueues(pb.DisassociateQueuesRequest(queues=["q2"], **at))
    client.CreateRoute(pb.CreateRouteRequest(name="r1", cidr="192.168.2.0/24", **at))
    client.DeleteRoute(pb.DeleteRouteRequest(name="r1", **at))
    client.DeleteEnhancedConnection(pb.DeleteEnhancedConnectionRequest(**at))
    error = failure(lambda: client.GetEnhancedConnection(pb.GetEnhancedConnectionRequest(**at)))
    assert connsvc.reason(error) == "CONNECTION_NOT_FOUND", error


def waiting(client: connsvc.Client) -> None:
    created = client.create(request("waiting", queues=["q1"]))
    at = {"project_id": PROJECT, "connection_id": created.connection_id}
    short = WaitEnhancedConnectionRequest(**at)
    short.timeout.FromMilliseconds(100)
    response = client.WaitEnhancedConnection(short)
    assert response.reached == response.TIMEOUT, response
    connection = client.wait(PROJECT, created.connection_id)
    assert connection.name == "waiting" and connection.available_queue_info[0].status == Peering.ACTIVE, connection
    client.DeleteEnhancedConnection(pb.DeleteEnhancedConnectionRequest(**at))
    error = failure(lambda: client.wait(PROJECT, created.connection_id))
    assert connsvc.reason(error) == "CONNECTION_NOT_FOUND", error


def watch(client: connsvc.Client) -> None:
    """Sees a new connection, and after a resume_token only what is newer."""
    events = client.watch(WatchEnhancedConnectionsRequest(project_id=PROJECT))
    synced = next(event for event in events if event.type == event.SYNCED)
    events.close()
    created = client.create(request("watched"))
    events = client.watch(WatchEnhancedConnectionsRequest(project_id=PROJECT, resume_token=synced.resume_token))
    added = next(event for event in events if event.type == event.ADDED)
    events.close()
    assert added.connection.id == created.connection_id, added


def hosts(client: connsvc.Client) -> None:
    sent = [Host(name=f"host-{i}", ip=f"10.0.{i // 250}.{i % 250}") for i in range(20_000)]
    created = client.create(request("hosts", hosts=sent))
    got = client.GetEnhancedConnection(
        pb.GetEnhancedConnectionRequest(project_id=PROJECT, connection_id=created.connection_id))
    assert list(got.hosts) == sent


def violations(client: connsvc.Client) -> None:
    bad = request("not valid", hosts=[Host(name="h", ip="300.1.1.1")] * 30)
    error = failure(lambda: client.CreateEnhancedConnection(bad))
    assert connsvc.reason(error) == "VALIDATION_FAILED", error
    found = connsvc.violations(error)
    assert len(found) == 25, found
    assert found[0] == ("name", "CONNECTION_NAME", "must be 1 to 64 letters, digits or underscores"), found
    assert found[1][:2] == ("hosts[0].ip", "STRING_IPV4"), found


def deadline(client: connsvc.Client) -> None:
    faults({"operation": "GetEnhancedConnection", "times": 1, "fault": {"kind": "hang"}})
    error = failure(lambda: client.GetEnhancedConnection(GET_NONE, timeout=1))
    assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED, error


def retry(client: connsvc.Client) -> None:
    faults({"operation": "CreateEnhancedConnection", **THROTTLED})
    error = failure(lambda: client.CreateEnhancedConnection(request("retry")))
    assert error.code() == grpc.StatusCode.UNAVAILABLE and connsvc.retry_after(error) == 6, error

    faults({"operation": "CreateEnhancedConnection", **THROTTLED})
    start = time.monotonic()
    client.create(request("retry"))
    assert time.monotonic() - start >= 6

    faults({"operation": "GetEnhancedConnection", **THROTTLED})  # gRPC's own retry
    start = time.monotonic()
    error = failure(lambda: client.GetEnhancedConnection(GET_NONE))
    assert connsvc.reason(error) == "CONNECTION_NOT_FOUND" and time.monotonic() - start >= 6, error


def outcome(client: connsvc.Client) -> None:
    faults({"operation": "CreateEnhancedConnection", "times": 1, "fault": {"kind": "slow_list", "delay": "5s"}},
           {"operation": "CreateEnhancedConnection", "times": 1, "fault": {"kind": "drop_answer"}})
    lost = request("outcome", request_id="5f0a1c3e-8d0b-4a57-9e0c-0d1f2a3b4c5d")
    error = failure(lambda: client.CreateEnhancedConnection(lost, timeout=3))
    assert connsvc.reason(error) == "CREATE_OUTCOME_UNKNOWN", error
    created = client.create(lost, attempt_timeout=3)
    assert created.reconciled, created


def tls(_: connsvc.Client) -> None:
    with open(os.environ["CONNSVC_CA"], "rb") as f:
        trust = grpc.ssl_channel_credentials(f.read())
    token = os.environ["CONNSVC_TOKEN"]
    scenes: list[tuple[Union[str, Callable[[], str]], str]] = [
        (token, "CONNECTION_NOT_FOUND"), (lambda: token, "CONNECTION_NOT_FOUND"), ("wrong", "CALLER_UNAUTHENTICATED")]
    for given, wanted in scenes:
        with connsvc.Client(os.environ["CONNSVC_TLS"], credentials=trust, token=given) as client:
            error = failure(lambda: client.GetEnhancedConnection(GET_NONE))
            assert connsvc.reason(error) == wanted, error


async def asynchronous() -> None:
    async with connsvc.aio.Client(os.environ["CONNSVC_GRPC"], insecure=True) as client:
        created = await client.create(request("asynchronous", queues=["q1"]))
        connection = await client.wait(PROJECT, created.connection_id)
        assert connection.available_queue_info[0].status == Peering.ACTIVE, connection
        listed = [c.name async for c in client.list(pb.ListEnhancedConnectionsRequest(project_id=PROJECT, limit=1))]
        assert "asynchronous" in listed, listed
        try:
            await client.CreateEnhancedConnection(request("not valid"))
            raise AssertionError("it succeeded")
        except grpc.RpcError as error:
            assert [v.rule for v in connsvc.violations(error)] == ["CONNECTION_NAME"], error
        faults({"operation": "CreateEnhancedConnection", **THROTTLED})
        start = time.monotonic()
        await client.create(request("asynchronous1"))
        assert time.monotonic() - start >= 6


def main() -> None:
    with connsvc.Client(os.environ["CONNSVC_GRPC"], insecure=True) as client:
        for scene in lifecycle, waiting, hosts, violations, deadline, retry, outcome, tls, watch:
            scene(client)
            print("ok", scene.__name__, flush=True)
    asyncio.run(asynchronous())
    print("ok asyncio")


if __name__ == "__main__":
    main()
