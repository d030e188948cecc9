import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { V1Pod } from "@kubernetes/client-node";
import { restrictedContainer, restrictedPod } from "../k8s/restricted.ts";
import type { Liberty, TrialContract } from "./trial.ts";

/** Labels of everything that the doctor makes. */
export const doctorLabels = { "app.kubernetes.io/managed-by": "breakwater-doctor" } as const;
/** It keeps the pod's object, with the exit codes, until the doctor has read them. */
export const finalizer = "breakwater.dev/doctor";
const user = 10001;

/** Names of the containers. */
export const containers = { api: "api", probe: "probe" } as const;

const nowhere = "127.0.0.1:1";
/** Database and Redis of a trial. */
export const trialServices = {
  databaseUrl: `postgres://doctor:doctor@${nowhere}/doctor`,
  redisNodes: [nowhere],
  redisUser: "doctor",
  redisPassword: "doctor",
} as const;

/**
 * A pod with the API as the stack deploys it, but for a liberty, and a probe beside it. Database and Redis are addresses where
 * nothing listens.
 *
 * @param nodeImage an image with Node.js, for the probe
 */
export function trialPod(name: string, contract: TrialContract, liberty: Liberty, nodeImage: string): V1Pod {
  const env = {
    PORT: String(contract.port),
    ...(contract.hasDatabase && { DATABASE_URL: trialServices.databaseUrl }),
    REDIS_NODES: trialServices.redisNodes.join(","),
    REDIS_USERNAME: trialServices.redisUser,
    REDIS_PASSWORD: trialServices.redisPassword,
    ...contract.env,
  };
  const probe = {
    PROBE_PORT: String(contract.port),
    PROBE_LIVE: contract.live,
    PROBE_READY: contract.ready,
    PROBE_SECONDS: String(contract.startSeconds),
  };
  const podIp = { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } };
  const variables = (given: Record<string, string>) =>
    Object.entries(given).map(([variable, value]) => ({ name: variable, value }));
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels: { ...doctorLabels }, finalizers: [finalizer] },
    spec: {
      restartPolicy: "Never",
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: contract.stopSeconds,
      securityContext: liberty === "root user" ? { fsGroup: user } : (restrictedPod(user) as object),
      containers: [
        {
          name: containers.api,
          image: contract.image,
          env: [...variables(env), { name: "POD_NAME", value: name }, podIp],
          resources: { requests: { cpu: "50m", memory: "64Mi" }, limits: contract.limits },
          securityContext: contextOf(liberty),
          volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
        },
        {
          name: containers.probe,
          image: nodeImage,
          command: ["node", "--input-type=module", "-e", probeText()],
          env: [...variables(probe), podIp],
          resources: { requests: { cpu: "10m", memory: "48Mi" }, limits: { cpu: "500m", memory: "128Mi" } },
          securityContext: { ...restrictedContext, runAsUser: user, runAsNonRoot: true },
        },
      ],
      volumes: [{ name: "tmp", emptyDir: { sizeLimit: "64Mi" } }],
    },
  };
}

const restrictedContext = restrictedContainer as {
  allowPrivilegeEscalation: boolean;
  capabilities: { drop: string[] };
  readOnlyRootFilesystem: boolean;
};

function contextOf(liberty: Liberty) {
  if (liberty === "none") return restrictedContext;
  if (liberty === "root user") return { runAsUser: 0, readOnlyRootFilesystem: false };
  return { ...restrictedContext, readOnlyRootFilesystem: false };
}

function probeText(): string {
  return readFileSync(join(import.meta.dirname, "probe.mjs"), "utf8");
}
