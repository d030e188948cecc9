import type { types } from "@pulumi/kubernetes";
import type { ApiConfig } from "../config/sections/api.ts";
import { apiInternalPort } from "./ports.ts";

/** What the pods of an API have, by what the stack may expect of it. */
export interface ApiExpectations {
  ports: types.input.core.v1.ContainerPort[];
  /** Annotations by which Prometheus finds the metrics. */
  metrics: Record<string, string>;
  /** Probes, and what comes before SIGTERM. */
  container: Pick<
    types.input.core.v1.Container,
    "startupProbe" | "readinessProbe" | "livenessProbe" | "lifecycle"
  >;
}

/**
 * The kit's runtime has a port of its own for probes and metrics, and goes on accepting connections after SIGTERM. For any other API,
 * Kubernetes waits for that time before it sends SIGTERM.
 */
export function expectations({ contract, shutdownDelay }: ApiConfig): ApiExpectations {
  const http = { name: "http", containerPort: contract.port };
  const { live, ready = live, metrics } = contract;
  if (live === undefined || ready === undefined)
    return {
      ports: [http, { name: "internal", containerPort: apiInternalPort }],
      metrics: scraping(apiInternalPort, "/metrics"),
      container: probes({ path: "/livez", port: "internal" }, { path: "/readyz", port: "internal" }),
    };
  return {
    ports: [http],
    metrics: metrics === undefined ? {} : scraping(contract.port, metrics),
    container: {
      ...probes({ path: live, port: "http" }, { path: ready, port: "http" }),
      lifecycle: { preStop: { sleep: { seconds: Math.ceil(shutdownDelay / 1000) } } },
    },
  };
}

/**
 * A ready pod gets traffic within two seconds, and no more traffic after two failed readiness probes. It is restarted only
 * after half a minute of failed liveness probes, because a busy event loop responds late. The start-up probe does not
 * depend on the database: otherwise pods that start during an outage would be killed, and wait in back-off after it.
 */
function probes(live: types.input.core.v1.HTTPGetAction, ready: types.input.core.v1.HTTPGetAction) {
  return {
    startupProbe: { httpGet: live, periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 120 },
    readinessProbe: { httpGet: ready, periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 2 },
    livenessProbe: { httpGet: live, periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 6 },
  };
}

function scraping(port: number, path: string): Record<string, string> {
  return {
    "prometheus.io/scrape": "true",
    "prometheus.io/port": String(port),
    "prometheus.io/path": path,
  };
}
