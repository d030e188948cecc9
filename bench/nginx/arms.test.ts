import assert from "node:assert/strict";
import { test } from "node:test";
import { apiPathsOf } from "../../config/api-paths.ts";
import { validate } from "../../config/validate.ts";
import { programFiles } from "../../nginx/js-module.ts";
import { renderNginxConf } from "../../nginx/nginx-conf.ts";
import { type Arm, gatewayArms, peersArm } from "./arms.ts";
import { armNames } from "./command-line.ts";

const { nginx, api } = validate({});
const pools = [
  {
    name: "api",
    replicas: 3,
    server: "api.space.svc.cluster.local:3000",
    podWeight: 1,
    backup: false,
    share: 1,
  },
];
const nginxConf = renderNginxConf({
  ...nginx,
  uploadMax: api.uploadMax,
  paths: apiPathsOf(api.contract),
  pools,
  resolver: "10.43.0.10",
});
const arms = gatewayArms({ files: { "nginx.conf": nginxConf, ...programFiles(nginx) }, pods: 3 });
const configOf = (name: string) => arms.find((arm) => arm.name === name)?.config ?? "";

test("gatewayArms has every arm of the command line, and each one names the pods and the resolver", () => {
  assert.deepEqual(
    arms.map(({ name }) => name),
    [...armNames],
  );
  for (const { config } of arms)
    for (const text of ["api.space.svc.cluster.local:3000", "10.43.0.10"]) assert.ok(config.includes(text));
  assert.equal(configOf("kit"), nginxConf.replace("js_path /etc/breakwater/;", "js_path /etc/gateway/;"));
  assert.deepEqual(arms[0]?.programs, programFiles(nginx));
});

test("the arm without kept connections has no keepalive and closes each connection", () => {
  const config = configOf("no-keepalive");
  assert.match(config, /^ *keepalive 0;$/m);
  assert.doesNotMatch(config, /^ *keepalive [1-9]\d*;$/m);
  assert.match(config, /^ *proxy_set_header Connection close;$/m);
});

test("gatewayArms reports a configuration without pods", () => {
  assert.throws(() => gatewayArms({ files: { "nginx.conf": "http {}" }, pods: 3 }), /names no pods/);
});

test("peersArm replaces the pods by so many different addresses of the loopback interface", () => {
  const kit = arms[0] as Arm;
  const { config, programs } = peersArm(kit, 1000);
  assert.deepEqual(programs, kit.programs);
  assert.match(config, /js_path \/etc\/gateway\/;/);
  const addresses = [...config.matchAll(/^ *server (127\.0\.\d+\.\d+):3000 /gm)].map(
    ([, address]) => address,
  );
  assert.equal(new Set(addresses).size, 1000);
  assert.doesNotMatch(config, / resolve /);
  assert.throws(() => peersArm({ ...kit, config: "http {}" }, 10), /no pool/);
});
