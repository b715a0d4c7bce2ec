// Plays the scenes in TypeScript, over gRPC or by fetch over REST.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  connectRest, create, ErrorReason, list, Peering_Status, reason, retryAfter, violations, waitActive,
  WaitEnhancedConnectionResponse_Reached, watch, WatchEnhancedConnectionsResponse_Type, type Client,
} from "@connsvc/client";
import { connectGrpc } from "@connsvc/client/node";
import { validate } from "@connsvc/client/validate";

const env = process.env as Record<string, string>;
const rest = process.argv[2] === "rest";
const projectId = "48cc2c48765f481480c7db940d6409d1";
const nobody = { projectId, connectionId: "00000000-0000-4000-8000-000000000000" };
const connect = (options = {}) =>
  rest ? connectRest(env.CONNSVC_REST, options) : connectGrpc(`http://${env.CONNSVC_GRPC}`, options);
const client = connect();

const request = (name: string, fields: { queues?: string[]; hosts?: { name: string; ip: string }[]; requestId?: string } = {}) => ({
  projectId, name, destVpcId: "22094d8f-c310-4621-913d-4c4d655d8495",
  destNetworkId: "78f2562a-36e4-4b39-95b9-f5aab22e1281", ...fields,
});

async function faults(...rules: object[]) {
  const response = await fetch(`${env.CONNSVC_EMULATOR}/_emulator/faults`, { method: "PUT", body: JSON.stringify({ rules }) });
  assert.equal(response.status, 200, await response.text());
}

const throttled = (operation: string) => ({ operation, times: 1, fault: { kind: "status", status: 429, retry_after: "6s" } });

async function failure(call: Promise<unknown>): Promise<ConnectError> {
  try {
    await call;
  } catch (error) {
    return ConnectError.from(error);
  }
  throw new Error("it succeeded");
}

const scenes = {
  async lifecycle() {
    const { connectionId } = await create(client, request("lifecycle", { queues: ["q1"] }));
    const at = { projectId, connectionId };
    const connection = await waitActive(client, projectId, connectionId);
    assert.equal(connection.availableQueueInfo[0].status, Peering_Status.ACTIVE);
    await create(client, request("lifecycle1"));
    await create(client, request("lifecycle2"));
    let listed = 0;
    for await (const c of list(client, { projectId, limit: 2 })) {
      assert.ok(c.createTime!.seconds > 1_700_000_000n);
      listed++;
    }
    assert.equal(listed, 3);
    await client.associateQueues({ ...at, queues: ["q2"] });
    await waitActive(client, projectId, connectionId);
    await client.disassociateQueues({ ...at, queues: ["q2"] });
    await client.createRoute({ ...at, name: "r1", cidr: "192.168.2.0/24" });
    await client.deleteRoute({ ...at, name: "r1" });
    await client.deleteEnhancedConnection(at);
    assert.equal(reason(await failure(client.getEnhancedConnection(at))), ErrorReason.CONNECTION_NOT_FOUND);
  },

  async waiting() {
    const { connectionId } = await create(client, request("waiting", { queues: ["q1"] }));
    const at = { projectId, connectionId };
    const { reached } = await client.waitEnhancedConnection({ ...at, timeout: { nanos: 100_000_000 } });
    assert.equal(reached, WaitEnhancedConnectionResponse_Reached.TIMEOUT);
    const connection = await waitActive(client, projectId, connectionId);
    assert.equal(connection.name, "waiting");
    assert.equal(connection.availableQueueInfo[0].status, Peering_Status.ACTIVE);
    await client.deleteEnhancedConnection(at);
    assert.equal(reason(await failure(waitActive(client, projectId, connectionId))), ErrorReason.CONNECTION_NOT_FOUND);
  },

  async hosts() {
    const hosts = Array.from({ length: 20_000 }, (_, i) => ({ name: `host-${i}`, ip: `10.0.${Math.floor(i / 250)}.${i % 250}` }));
    const { connectionId } = await create(client, request("hosts", { hosts }));
    const got = await client.getEnhancedConnection({ projectId, connectionId });
    assert.deepEqual(got.hosts.map(({ name, ip }) => ({ name, ip })), hosts);
  },

  async violations() {
    const bad = request("not valid", { hosts: Array(30).fill({ name: "h", ip: "300.1.1.1" }) });
    const error = await failure(client.createEnhancedConnection(bad));
    assert.equal(reason(error), ErrorReason.VALIDATION_FAILED);
    const found = violations(error);
    assert.equal(found.length, rest ? 31 : 25);
    assert.deepEqual(found[0], { field: "name", rule: "CONNECTION_NAME", description: "must be 1 to 64 letters, digits or underscores" });
    assert.equal(found[1].field, "hosts[0].ip");

    const own = await failure(connect({ interceptors: [validate(), never] }).createEnhancedConnection(bad));
    assert.equal(reason(own), ErrorReason.VALIDATION_FAILED);
    assert.deepEqual(violations(own).slice(0, found.length), found);
    assert.equal(own.code, error.code);
    assert.equal(own.message, error.message);
  },

  async deadline() {
    await faults({ operation: "GetEnhancedConnection", times: 1, fault: { kind: "hang" } });
    const error = await failure(client.getEnhancedConnection(nobody, { timeoutMs: 1000 }));
    assert.equal(error.code, Code.DeadlineExceeded, error);
  },

  async retry() {
    await faults(throttled("CreateEnhancedConnection"));
    const error = await failure(client.createEnhancedConnection(request("retry")));
    assert.equal(error.code, Code.Unavailable, error);
    assert.equal(retryAfter(error), 6000);

    await faults(throttled("CreateEnhancedConnection"));
    let start = performance.now();
    await create(client, request("retry"));
    assert.ok(performance.now() - start >= 5990);

    await faults(throttled("GetEnhancedConnection")); // retryIdempotent
    start = performance.now();
    assert.equal(reason(await failure(client.getEnhancedConnection(nobody))), ErrorReason.CONNECTION_NOT_FOUND);
    assert.ok(performance.now() - start >= 5990);
  },

  async outcome() {
    // Over REST connsvc does not know the caller's time, and looks for 10 s.
    await faults(
      { operation: "CreateEnhancedConnection", times: 1, fault: { kind: "slow_list", delay: rest ? "13s" : "5s" } },
      { operation: "CreateEnhancedConnection", times: 1, fault: { kind: "drop_answer" } });
    const lost = request("outcome", { requestId: "5f0a1c3e-8d0b-4a57-9e0c-0d1f2a3b4c5d" });
    const error = await failure(client.createEnhancedConnection(lost, { timeoutMs: rest ? 30_000 : 3000 }));
    assert.equal(reason(error), ErrorReason.CREATE_OUTCOME_UNKNOWN, error);
    const created = await create(client, lost, rest ? {} : { attemptTimeoutMs: 3000 });
    assert.equal(created.reconciled, true);
  },

  async tls() {
    for (const [token, wanted] of [[env.CONNSVC_TOKEN, "CONNECTION_NOT_FOUND"], ["wrong", "CALLER_UNAUTHENTICATED"]]) {
      const secured: Client = rest
        ? connectRest(env.CONNSVC_TLS_REST, { token }) // trusts CONNSVC_CA by NODE_EXTRA_CA_CERTS
        : connectGrpc(`https://${env.CONNSVC_TLS}`, { token, tls: { ca: readFileSync(env.CONNSVC_CA) } });
      const error = await failure(secured.getEnhancedConnection(nobody));
      assert.equal(ErrorReason[reason(error)], wanted, error);
    }
  },

  async watch() { // a new connection, and after a resumeToken only what is newer
    const end = new AbortController();
    const next = async (wanted: WatchEnhancedConnectionsResponse_Type, resumeToken = "") => {
      for await (const event of watch(client, { projectId, resumeToken }, end.signal)) if (event.type === wanted) return event;
      throw new Error("the watch ended");
    };
    const { resumeToken } = await next(WatchEnhancedConnectionsResponse_Type.SYNCED);
    const { connectionId } = await create(client, request("watched"));
    assert.equal((await next(WatchEnhancedConnectionsResponse_Type.ADDED, resumeToken)).connection!.id, connectionId);
    end.abort();
  },
};

// Whatever passes the checks of the client would be sent.
const never = () => () => assert.fail("the request was sent");

for (const [name, play] of Object.entries(scenes)) {
  if (name === "watch" && rest) continue; // for EventSource
  await play();
  console.log("ok", name);
}
process.exit();
