// A client that openapi-typescript generates from the document, against "connsvc dev".
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./out/api.js";
import { startDev } from "./dev.js";

const project_id = "48cc2c48765f481480c7db940d6409d1";
const connections = "/v2.0/{project_id}/datasource/enhanced-connections";
const one = "/v2.0/{project_id}/datasource/enhanced-connections/{connection_id}";
const request: components["schemas"]["CreateEnhancedConnectionRequest"] = {
  name: "generated",
  dest_vpc_id: "22094d8f-c310-4621-913d-4c4d655d8495",
  dest_network_id: "78f2562a-36e4-4b39-95b9-f5aab22e1281",
  queues: ["q1"],
  hosts: [{ name: "db.example", ip: "192.168.0.1" }, { name: "only-a-name" }],
  tags: [{ key: "team", value: "payments" }],
};

let dev: Awaited<ReturnType<typeof startDev>>;
let client: Client<paths>;
before(async () => {
  dev = await startDev();
  client = createClient<paths>({ baseUrl: dev.rest });
});
after(() => dev.stop());

test("the lifecycle of a connection, typed", async () => {
  const header = { "Idempotency-Key": crypto.randomUUID() };
  const created = await client.POST(connections, { params: { path: { project_id }, header }, body: request });
  assert.equal(created.response.status, 201);
  assert.ok(created.data);
  const connection_id: string = created.data.connection_id;
  const again = await client.POST(connections, { params: { path: { project_id }, header }, body: request });
  assert.equal(again.data?.connection_id, connection_id);
  assert.equal(again.data?.reconciled, true);

  const got = await client.GET(one, { params: { path: { project_id, connection_id } } });
  assert.ok(got.data);
  const status: "ACTIVE" | "DELETED" | "" = got.data.status;
  assert.equal(status, "ACTIVE");
  assert.ok(Math.abs(Date.now() - got.data.create_time!) < 3600_000, "a number of milliseconds");
  assert.deepEqual(got.data.hosts, [{ name: "db.example", ip: "192.168.0.1" }, { name: "only-a-name", ip: "" }]);

  const listed = await client.GET(connections, { params: { path: { project_id }, query: { status: "ACTIVE", tags: "team=payments", view: "BASIC" } } });
  assert.deepEqual(listed.data?.connections.map((c) => c.id), [connection_id]);

  const replaced = await client.PUT(one, { params: { path: { project_id, connection_id } }, body: { hosts: [] } });
  assert.equal(replaced.data?.is_success, true);
  const deleted = await client.DELETE(one, { params: { path: { project_id, connection_id } } });
  assert.equal(deleted.response.status, 200);
});

test("an error, with its details by type", async () => {
  const { error, response } = await client.POST(connections, { params: { path: { project_id } }, body: { ...request, name: "not-a-name", queues: ["default"] } });
  assert.equal(response.status, 400);
  assert.ok(error);
  const violations = error.details.flatMap((d) => (d["@type"] === "type.googleapis.com/google.rpc.BadRequest" ? (d.fieldViolations ?? []) : []));
  assert.deepEqual(violations.map((v) => [v.field, v.reason]), [["name", "CONNECTION_NAME"], ["queues[0]", "QUEUE_DEFAULT"]]);
  const reasons = error.details.flatMap((d) => (d["@type"] === "type.googleapis.com/google.rpc.ErrorInfo" ? [d.reason] : []));
  assert.deepEqual(reasons, ["VALIDATION_FAILED"]);
});

// What the compiler rejects: tsc fails if a line below has no error.
export async function rejected(): Promise<void> {
  const path = { project_id, connection_id: "" };
  // @ts-expect-error a word that the status never has
  await client.GET(connections, { params: { path, query: { status: "STATUS_UNSPECIFIED" } } });
  // @ts-expect-error a name is needed
  await client.POST(connections, { params: { path }, body: { dest_vpc_id: "", dest_network_id: "" } });
  // @ts-expect-error a time is a number
  const time: string | undefined = (await client.GET(one, { params: { path } })).data?.create_time;
  void time;
}
