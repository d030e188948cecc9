import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** How a registry of a test behaves. */
export interface StubRegistry {
  /** Digest of every tag of `shop`. */
  digest: string;
  /** Platforms of the image; with one, it has no list of manifests. */
  platforms: string[];
  /** Status in place of every response. */
  status?: number;
  /** Status in place of every response to HEAD. */
  headStatus?: number;
  /** Credentials as `user:password` that the token server or, with `basic`, the registry asks for; empty: anybody gets a token. */
  login?: string;
  scheme?: "basic" | "bearer";
}

/** Starts a registry with one repository, `shop`. @returns its address, its requests as `GET /path`, and what ends it */
export async function startStubRegistry(
  behaviour: StubRegistry,
): Promise<{ address: string; requests: string[]; stop(): void }> {
  const requests: string[] = [];
  const server = createServer(({ method, url = "", headers }, response) => {
    const { digest, platforms, headStatus, login, scheme } = behaviour;
    const status = method === "HEAD" ? (headStatus ?? behaviour.status) : behaviour.status;
    const { pathname, searchParams } = new URL(url, "http://registry");
    const basic = `Basic ${Buffer.from(login ?? "").toString("base64")}`;
    requests.push(`${method} ${pathname}`);
    const send = (code: number, body: object, more: Record<string, string> = {}) =>
      response.writeHead(code, { "content-type": "application/json", ...more }).end(JSON.stringify(body));
    if (status !== undefined) return send(status, {});
    if (pathname === "/token") {
      if (login !== "" && headers.authorization !== basic) return send(401, {});
      return send(200, { token: `token for ${searchParams.get("scope")} at ${searchParams.get("service")}` });
    }
    const wanted = { basic, bearer: "Bearer token for repository:shop:pull at stub" };
    if (scheme !== undefined && headers.authorization !== wanted[scheme]) {
      const realm = `http://${headers.host}/token`;
      const challenge =
        scheme === "basic"
          ? 'Basic realm="stub"'
          : `Bearer realm="${realm}",service="stub",scope="repository:shop:pull"`;
      return send(401, {}, { "www-authenticate": challenge });
    }
    const described = platforms.map((platform) => {
      const [os, architecture] = platform.split("/");
      return { os, architecture };
    });
    if (pathname === "/v2/shop/blobs/sha256:c") return send(200, described[0] ?? {});
    if (pathname !== "/v2/shop/manifests/1") return send(404, {});
    const manifest =
      platforms.length === 1
        ? { config: { digest: "sha256:c" } }
        : { manifests: described.map((platform) => ({ platform })) };
    return send(200, manifest, { "docker-content-digest": digest });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    address: `localhost:${(server.address() as AddressInfo).port}`,
    requests,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
