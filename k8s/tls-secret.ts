import { pairProblem } from "../config/certificate-pair.ts";
import type { Problem } from "../config/problem.ts";
import { type ClusterReader, pathOf, requestTimeoutMs, statusOf } from "./cluster-reader.ts";

interface SecretObject {
  type?: string;
  data?: Record<string, string>;
}

const path = "nginx.tls.secret";
const type = "kubernetes.io/tls";

/**
 * What speaks against the Secret of `nginx.tls.secret`. A Secret that the deployer may not read counts as good: Nginx does
 * not start with a certificate that does not fit its key.
 *
 * @param now milliseconds since 1970
 * @throws {Error} with an HTTP `status` when the API server fails or does not respond.
 */
export async function tlsSecretProblems(
  cluster: Pick<ClusterReader, "getJson">,
  namespace: string,
  name: string,
  now: number,
): Promise<Problem[]> {
  const problem = (rule: string, fix: string): Problem[] => [{ path, value: name, rule, fix }];
  let found: SecretObject;
  try {
    found = await cluster.getJson<SecretObject>(pathOf("secrets", namespace, name), requestTimeoutMs);
  } catch (error) {
    if ([401, 403].includes(statusOf(error))) return [];
    if (statusOf(error) !== 404) throw error;
    return problem(
      `is no Secret of the namespace ${namespace}`,
      "create it, for example with cert-manager; a new stack is deployed without nginx.tls before, which creates the namespace",
    );
  }
  const renew = `renew it: kubectl -n ${namespace} describe secret ${name}`;
  if (found.type !== type)
    return problem(`is a Secret of the type ${found.type}, and must be of ${type}`, renew);
  const [certificate, key] = ["tls.crt", "tls.key"].map((file) =>
    Buffer.from(found.data?.[file] ?? "", "base64").toString(),
  );
  const wrong = pairProblem(certificate ?? "", key ?? "", now);
  return wrong === undefined
    ? []
    : problem(`has a ${wrong.of} (tls.${wrong.of === "key" ? "key" : "crt"}) that ${wrong.rule}`, renew);
}
