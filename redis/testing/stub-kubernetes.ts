import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Kubernetes, type KubernetesObject } from "../kubernetes.ts";

interface StoredLease extends KubernetesObject {
  spec: { holderIdentity: string };
}

/** An API server on 127.0.0.1 that stores one object, and refuses versions that are not the latest, as Kubernetes does. */
export class StubKubernetes {
  readonly url: string;
  readonly client: Kubernetes;
  /** Everyone who has held the lease, in their order; "" when it was released. */
  readonly holders: string[] = [];
  readonly #server: Server;
  #stored: StoredLease | undefined;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.client = new Kubernetes({ url: this.url, token: async () => "token" });
  }

  static async start(): Promise<StubKubernetes> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const stub = new StubKubernetes(server);
    server.on("request", async (request, response) => {
      let body = "";
      for await (const part of request.setEncoding("utf8")) body += part;
      const [status, reply] = request.method === "GET" ? stub.#read() : stub.#write(JSON.parse(body));
      response.writeHead(status).end(JSON.stringify(reply));
    });
    return stub;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  #read(): [number, object] {
    return this.#stored === undefined ? [404, {}] : [200, this.#stored];
  }

  #write(object: StoredLease): [number, object] {
    const version = this.#stored?.metadata.resourceVersion;
    if (object.metadata.resourceVersion !== version) return [409, {}];
    const resourceVersion = String(Number(version ?? 0) + 1);
    this.#stored = { ...object, metadata: { ...object.metadata, resourceVersion } };
    const { holderIdentity } = object.spec;
    if (this.holders.at(-1) !== holderIdentity) this.holders.push(holderIdentity);
    return [200, this.#stored];
  }
}
