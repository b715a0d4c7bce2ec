// Plays the scenes in JavaScript, by grpc-js and the descriptor set.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import grpc from "@grpc/grpc-js";
import protoLoader from "@grpc/proto-loader";

const { env } = process;
const gen = new URL("../../../gen/", import.meta.url);
const definition = protoLoader.loadFileDescriptorSetFromBuffer(
  readFileSync(new URL("connsvc.binpb", gen)), { keepCase: true, longs: String, enums: String, defaults: true });
const { ConnectionService } = grpc.loadPackageDefinition(definition).connsvc.v1;
const options = {
  "grpc.service_config": readFileSync(new URL("ts/service_config.json", gen), "utf8"),
  "grpc.keepalive_time_ms": 30_000,
};
const client = new ConnectionService(env.CONNSVC_GRPC, grpc.credentials.createInsecure(), options);
const project_id = "48cc2c48765f481480c7db940d6409d1";
const nobody = { project_id, connection_id: "00000000-0000-4000-8000-000000000000" };

const call = (method, request, { timeout = 30_000, on = client } = {}) => new Promise((resolve, reject) =>
  on[method](request, { deadline: Date.now() + timeout }, (error, response) => (error ? reject(error) : resolve(response))));

function detail(error, type) {
  const [bytes] = error.metadata.get("grpc-status-details-bin");
  const any = bytes && definition["google.rpc.Status"].deserialize(bytes).details
    .find((d) => d.type_url.endsWith(`/google.rpc.${type}`));
  return any && definition[`google.rpc.${type}`].deserialize(any.value);
}
const reason = (error) => detail(error, "ErrorInfo")?.reason;

async function create(request, timeout = 45_000) {
  request.request_id ??= crypto.randomUUID();
  for (;;) {
    try {
      return await call("createEnhancedConnection", request, { timeout });
    } catch (error) {
      const delay = detail(error, "RetryInfo")?.retry_delay;
      if (!delay && reason(error) !== "CREATE_OUTCOME_UNKNOWN" &&
        ![grpc.status.UNAVAILABLE, grpc.status.DEADLINE_EXCEEDED].includes(error.code)) throw error;
      await sleep(delay ? delay.seconds * 1000 + delay.nanos / 1e6 : 1000);
    }
  }
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const failure = (promise) => promise.then(() => assert.fail("it succeeded"), (error) => error);
const request = (name, fields) => ({
  project_id, name, dest_vpc_id: "22094d8f-c310-4621-913d-4c4d655d8495",
  dest_network_id: "78f2562a-36e4-4b39-95b9-f5aab22e1281", ...fields,
});
const throttled = (operation) => ({ operation, times: 1, fault: { kind: "status", status: 429, retry_after: "6s" } });

async function faults(...rules) {
  const response = await fetch(`${env.CONNSVC_EMULATOR}/_emulator/faults`, { method: "PUT", body: JSON.stringify({ rules }) });
  assert.equal(response.status, 200, await response.text());
}

async function active(at) {
  const { reached, connection } = await call("waitEnhancedConnection", at);
  assert.equal(reached, "READY");
  return connection;
}

const scenes = {
  async lifecycle() {
    const { connection_id } = await create(request("lifecycle", { queues: ["q1"] }));
    const at = { project_id, connection_id };
    assert.equal((await active(at)).available_queue_info.length, 1);
    await create(request("lifecycle1"));
    const first = await call("listEnhancedConnections", { project_id, limit: 1 });
    const second = await call("listEnhancedConnections", { project_id, limit: 1, page_token: first.next_page_token });
    assert.deepEqual([...first.connections, ...second.connections].map((c) => c.name), ["lifecycle", "lifecycle1"]);
    await call("associateQueues", { ...at, queues: ["q2"] });
    await active(at);
    await call("disassociateQueues", { ...at, queues: ["q2"] });
    await call("createRoute", { ...at, name: "r1", cidr: "192.168.2.0/24" });
    await call("deleteRoute", { ...at, name: "r1" });
    await call("deleteEnhancedConnection", at);
    assert.equal(reason(await failure(call("getEnhancedConnection", at))), "CONNECTION_NOT_FOUND");
  },

  async waiting() {
    const { connection_id } = await create(request("waiting", { queues: ["q1"] }));
    const at = { project_id, connection_id };
    assert.equal((await call("waitEnhancedConnection", { ...at, timeout: { nanos: 100_000_000 } })).reached, "TIMEOUT");
    const connection = await active(at);
    assert.equal(connection.name, "waiting");
    assert.equal(connection.available_queue_info[0].status, "ACTIVE");
    await call("deleteEnhancedConnection", at);
    assert.equal(reason(await failure(active(at))), "CONNECTION_NOT_FOUND");
  },

  async hosts() {
    const hosts = Array.from({ length: 20_000 }, (_, i) => ({ name: `host-${i}`, ip: `10.0.${Math.floor(i / 250)}.${i % 250}` }));
    const { connection_id } = await create(request("hosts", { hosts }));
    const got = await call("getEnhancedConnection", { project_id, connection_id });
    assert.deepEqual(got.hosts.map(({ name, ip }) => ({ name, ip })), hosts);
  },

  async violations() {
    const error = await failure(call("createEnhancedConnection",
      request("not valid", { hosts: Array(30).fill({ name: "h", ip: "300.1.1.1" }) })));
    assert.equal(reason(error), "VALIDATION_FAILED");
    const found = detail(error, "BadRequest").field_violations;
    assert.equal(found.length, 25);
    assert.equal(found[0].reason, "CONNECTION_NAME");
    assert.equal(found[1].field, "hosts[0].ip");
  },

  async deadline() {
    await faults({ operation: "GetEnhancedConnection", times: 1, fault: { kind: "hang" } });
    const error = await failure(call("getEnhancedConnection", nobody, { timeout: 1000 }));
    assert.equal(error.code, grpc.status.DEADLINE_EXCEEDED, error);
  },

  async retry() {
    await faults(throttled("CreateEnhancedConnection"));
    const error = await failure(call("createEnhancedConnection", request("retry")));
    assert.equal(error.code, grpc.status.UNAVAILABLE, error);
    assert.equal(detail(error, "RetryInfo").retry_delay.seconds, "6");

    await faults(throttled("CreateEnhancedConnection"));
    let start = performance.now();
    await create(request("retry"));
    assert.ok(performance.now() - start >= 5990);

    await faults(throttled("GetEnhancedConnection")); // gRPC's own retry
    start = performance.now();
    assert.equal(reason(await failure(call("getEnhancedConnection", nobody))), "CONNECTION_NOT_FOUND");
    assert.ok(performance.now() - start >= 5990);
  },

  async outcome() {
    await faults(
      { operation: "CreateEnhancedConnection", times: 1, fault: { kind: "slow_list", delay: "5s" } },
      { operation: "CreateEnhancedConnection", times: 1, fault: { kind: "drop_answer" } });
    const lost = request("outcome", { request_id: "5f0a1c3e-8d0b-4a57-9e0c-0d1f2a3b4c5d" });
    const error = await failure(call("createEnhancedConnection", lost, { timeout: 3000 }));
    assert.equal(reason(error), "CREATE_OUTCOME_UNKNOWN", error);
    assert.equal((await create(lost, 3000)).reconciled, true);
  },

  async tls() {
    for (const [token, wanted] of [[env.CONNSVC_TOKEN, "CONNECTION_NOT_FOUND"], ["wrong", "CALLER_UNAUTHENTICATED"]]) {
      const authenticate = grpc.credentials.createFromMetadataGenerator((_, done) => {
        const metadata = new grpc.Metadata();
        metadata.set("authorization", `Bearer ${token}`);
        done(null, metadata);
      });
      const secure = grpc.credentials.createSsl(readFileSync(env.CONNSVC_CA));
      const on = new ConnectionService(env.CONNSVC_TLS, grpc.credentials.combineChannelCredentials(secure, authenticate), options);
      assert.equal(reason(await failure(call("getEnhancedConnection", nobody, { on }))), wanted);
      on.close();
    }
  },
};

for (const [name, play] of Object.entries(scenes)) {
  await play();
  console.log("ok", name);
}
client.close();
