import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { ClusterAccess } from "../../config/derive.ts";

/** Starts a server in place of an API server, until the test ends. @returns the access of a kubeconfig that leads to it */
export async function stubApiServer(t: TestContext, respond: RequestListener): Promise<ClusterAccess> {
  const server = createServer(respond);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const folder = mkdtempSync(join(tmpdir(), "breakwater-"));
  t.after(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const kubeconfig = join(folder, "kubeconfig");
  const text = {
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    clusters: [{ name: "c", cluster: { server: url } }],
    users: [{ name: "u", user: { token: "t" } }],
  };
  writeFileSync(kubeconfig, JSON.stringify(text));
  return { kubeContext: "c", files: [kubeconfig], pluginKubeconfig: "" };
}
