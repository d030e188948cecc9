import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { before, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { pairProblem } from "../config/certificate-pair.ts";
import { validate } from "../config/validate.ts";
import { ticketKeyBytes } from "../nginx/tls.ts";
import { httpsOrigin } from "./gateway-tls.ts";
import { ofKind, type Recorded, resolved } from "./testing/recording-mocks.ts";
import { runProgram } from "./testing/run-program.ts";

let recorded: Recorded[];
let program: typeof import("../index.ts");
before(async () => {
  ({ recorded, program } = await runProgram({
    cluster: { dnsTtl: "10 s" },
    nginx: { tls: { selfSigned: true, hsts: "1 h" } },
  }));
});

// biome-ignore lint/suspicious/noExplicitAny: inputs of any kind
function inputsOf(kind: string, name: string): any {
  const found = ofKind(recorded, kind).find((each) => each.name === name);
  assert.ok(found, `no ${kind} ${name}`);
  return found.inputs;
}

test("the gateway serves HTTPS beside HTTP, at a port of its own on the nodes", async () => {
  const { ports } = inputsOf("Service", "nginx").spec;
  assert.deepEqual(ports, [
    { name: "http", port: 80, targetPort: "http", nodePort: 30_080 },
    { name: "https", port: 443, targetPort: "https", nodePort: 30_443 },
  ]);
  assert.equal(await resolved(pulumi.output(program.endpoint)), "https://127.0.0.1:30443");
  const conf = inputsOf("ConfigMap", "nginx").data["nginx.conf"];
  assert.match(conf, /return 308 https:\/\/\$host:30443\$request_uri;/);
});

test("probes stay on HTTP, and the pods mount the certificate and the tickets' key at one path", () => {
  const pod = inputsOf("Deployment", "nginx").spec.template.spec;
  const [{ ports, volumeMounts, startupProbe, readinessProbe, livenessProbe }] = pod.containers;
  for (const { httpGet } of [startupProbe, readinessProbe, livenessProbe]) assert.equal(httpGet.port, "http");
  assert.deepEqual(ports.at(-1), { name: "https", containerPort: 8443 });
  assert.ok(volumeMounts.some(({ mountPath }: { mountPath: string }) => mountPath === "/etc/breakwater-tls"));
  const { projected } = pod.volumes.find(({ name }: { name: string }) => name === "edge-tls");
  assert.deepEqual(
    projected.sources.map(({ secret }: { secret: { name: string } }) => secret.name),
    ["nginx-tls-1a2b3c4d", "nginx-tickets-1a2b3c4d"],
  );
});

test("the certificate fits its key and the names of the gateway, and the output has its authority", async () => {
  const { type, stringData: given } = inputsOf("Secret", "nginx-tls");
  const stringData = given.value;
  assert.equal(type, "kubernetes.io/tls");
  assert.equal(pairProblem(stringData["tls.crt"], stringData["tls.key"], Date.now()), undefined);
  const leaf = new X509Certificate(stringData["tls.crt"]);
  const trust = await resolved(pulumi.output(program.tls));
  assert.ok(trust && leaf.verify(new X509Certificate(trust.authority).publicKey));
  assert.ok(leaf.checkHost(trust.serverName) && leaf.checkIP("127.0.0.1"));
  assert.equal(trust.serverName, "nginx.breakwater-test.svc.cluster.local");
  const { data } = inputsOf("Secret", "nginx-tickets");
  assert.equal(Buffer.from(data.value["tickets.key"], "base64").length, ticketKeyBytes);
});

test("redirects lead to the public URL, else to the port on the nodes, else to the port of HTTPS", () => {
  const origin = (nginx: object) => httpsOrigin(validate({ nginx }).nginx);
  const tls = { selfSigned: true, nodePort: 30_500 };
  assert.equal(origin({ tls, publicUrl: "https://api.example.org:8443/v1" }), "https://api.example.org:8443");
  assert.equal(origin({ tls }), "https://$host:30500");
  assert.equal(origin({ tls, serviceType: "LoadBalancer" }), undefined);
});
