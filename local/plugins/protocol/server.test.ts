import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { credentials, type ServiceError } from "@grpc/grpc-js";
import providerService from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import structPb from "google-protobuf/google/protobuf/struct_pb.js";
import type { ResourceProvider } from "./resource-provider.ts";
import { startServer } from "./server.ts";

const urn = "urn:pulumi:test::shop::demo:index:Parent$demo:index:Thing::a::b";
const refuses = () => Promise.reject(new Error("not in this test"));

async function connect(t: TestContext, part: Partial<ResourceProvider>) {
  const provider: ResourceProvider = {
    name: "demo",
    version: "1.2.3",
    configure: refuses,
    check: refuses,
    diff: refuses,
    create: refuses,
    read: refuses,
    update: refuses,
    delete: refuses,
    ...part,
  };
  const server = await startServer(provider);
  const client = new providerService.ResourceProviderClient(
    `127.0.0.1:${server.port}`,
    credentials.createInsecure(),
  );
  t.after(() => {
    client.close();
    server.close();
  });
  return client;
}

test("serve passes the type, the whole logical name, the preview flag and the time limit to create", async (t) => {
  let seen: unknown;
  const client = await connect(t, {
    create: async (inputs, { type, name, preview, timeoutSeconds }) => {
      seen = { type, name, preview, timeoutSeconds };
      return { id: "x", outputs: inputs };
    },
  });
  const request = new providerPb.CreateRequest();
  request.setUrn(urn);
  request.setPreview(true);
  request.setTimeout(7);
  request.setProperties(structPb.Struct.fromJavaScript({ size: 3 }));
  const response = await new Promise<providerPb.CreateResponse>((resolve, reject) => {
    client.create(request, (error, value) => (error ? reject(error) : resolve(value)));
  });
  assert.deepEqual(seen, { type: "demo:index:Thing", name: "a::b", preview: true, timeoutSeconds: 7 });
  assert.deepEqual(response.getProperties()?.toJavaScript(), { size: 3 });
});

test("serve sends a detailed diff", async (t) => {
  const client = await connect(t, {
    diff: async () => ({
      changes: new Map([
        ["build.args.A", "update"],
        ["build.target", "add"],
        ["imageName", "delete"],
      ]),
    }),
  });
  const request = new providerPb.DiffRequest();
  request.setUrn(urn);
  const response = await new Promise<providerPb.DiffResponse>((resolve, reject) => {
    client.diff(request, (error, value) => (error ? reject(error) : resolve(value)));
  });
  assert.deepEqual(response.getReplacesList(), []);
  assert.deepEqual(response.getDiffsList(), ["build", "imageName"]);
  assert.equal(
    response.getDetaileddiffMap().get("imageName")?.getKind(),
    providerPb.PropertyDiff.Kind.DELETE,
  );
});

test("serve sends the message of an error", async (t) => {
  const client = await connect(t, { create: async () => Promise.reject(new Error("no such luck")) });
  const request = new providerPb.CreateRequest();
  request.setUrn(urn);
  const error = await new Promise<ServiceError | null>((resolve) => client.create(request, resolve));
  assert.equal(error?.details, "no such luck");
});

test("serve aborts the signal of running calls on Cancel", async (t) => {
  const client = await connect(t, {
    create: (_inputs, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
        client.cancel(new emptyPb.Empty(), () => {});
      }),
  });
  const request = new providerPb.CreateRequest();
  request.setUrn(urn);
  const error = await new Promise<ServiceError | null>((resolve) => client.create(request, resolve));
  assert.equal(error?.details, "the deployment was cancelled");
});
