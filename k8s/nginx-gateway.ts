import { isIPv6 } from "node:net";
import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import * as pulumi from "@pulumi/pulumi";
import { apiPathsOf } from "../config/api-paths.ts";
import { cacheVolumeBytes } from "../config/cache-size.ts";
import { type PoolPlan, serviceHost } from "../config/derive.ts";
import type { ApiConfig } from "../config/sections/api.ts";
import { drainMs, type NginxConfig, nginxVolumes, trafficPolicy } from "../config/sections/nginx.ts";
import { hasTls } from "../config/sections/nginx-tls.ts";
import type { TlsTrust, Workload } from "../contract/outputs.ts";
import { bodyVolumeBytes } from "../nginx/buffered-bodies.ts";
import { alivePath, startPath } from "../nginx/health.ts";
import { programFiles } from "../nginx/js-module.ts";
import { metricsVolumeBytes } from "../nginx/metrics.ts";
import { renderNginxConf } from "../nginx/nginx-conf.ts";
import { nginxMetricsPort, nginxPort, nginxProbePort } from "../nginx/settings.ts";
import type { ClusterReader } from "./cluster-reader.ts";
import { createGatewayTls, type GatewayTls, httpsOrigin } from "./gateway-tls.ts";
import { createPodMonitor } from "./pod-monitor.ts";
import { waitForUsersOfRemovedPools } from "./removed-pools.ts";
import { resources } from "./resources.ts";
import { afterRollout } from "./rollout.ts";
import { createDeployment, createDisruptionBudget, skipAwait } from "./workload.ts";

/** The gateway's settings and the API pools behind it. */
export interface NginxGatewayArgs {
  cluster: ClusterReader;
  namespace: string;
  /** DNS domain of the cluster. */
  domain: string;
  config: NginxConfig;
  /** The API behind it. */
  api: ApiConfig;
  pools: PoolPlan[];
  image: string;
  /** Address of the cluster's DNS Service. */
  resolver: pulumi.Input<string>;
}

/** Nginx in front of the API pools. Its pods are replaced only when its own configuration changes. */
export class NginxGateway extends pulumi.ComponentResource {
  readonly workload: Workload;
  /** URL for clients, without a trailing slash. */
  readonly endpoint: pulumi.Output<string>;
  /** How clients check its certificate; undefined: by the authorities that they know, or without TLS. */
  readonly tls: pulumi.Output<TlsTrust> | undefined;

  constructor(name: string, args: NginxGatewayArgs, opts?: pulumi.ComponentResourceOptions) {
    super("breakwater:k8s:NginxGateway", name, {}, opts);
    const configMap = this.#createConfigMap(name, args);
    const tls = createGatewayTls(name, args, this);
    this.tls = tls.trust;
    const { deployment, workload } = this.#createDeployment(name, args, configMap, tls);
    this.workload = workload;
    if (args.config.replicas > 1) createDisruptionBudget(name, args.namespace, this.workload.selector, this);
    if (args.config.podMonitor) {
      const { namespace } = args;
      createPodMonitor(name, { namespace, matchLabels: workload.selector, port: "metrics" }, this);
    }
    const target = { ...workload, namespace: args.namespace };
    const service = this.#createService(name, args, tls);
    this.endpoint = afterRollout(args.cluster, deployment, target, "ready")
      .apply(async () => {
        if (!pulumi.runtime.isDryRun())
          await waitForUsersOfRemovedPools(args.cluster, args.namespace, workload.selector, args.pools);
      })
      .apply(() => endpoint(args, name, service));
    this.registerOutputs({ endpoint: this.endpoint });
  }

  #createConfigMap(name: string, args: NginxGatewayArgs): ConfigMap {
    const { uploadMax, contract } = args.api;
    const pools = args.pools.map((pool) => ({
      ...pool,
      server: `${serviceHost(pool.serviceName, args.namespace, args.domain)}:${contract.port}`,
    }));
    const origin = httpsOrigin(args.config);
    const facts = {
      uploadMax,
      paths: apiPathsOf(contract),
      ...(contract.live !== undefined && { livePath: contract.live, keepAlive: contract.keepAlive }),
      pools,
      ...(origin !== undefined && { httpsOrigin: origin }),
    };
    const conf = pulumi
      .output(args.resolver)
      .apply((resolver) => renderNginxConf({ ...args.config, ...facts, resolver }));
    // Pulumi names it by its content, so that new content replaces the pods.
    const metadata = { namespace: args.namespace };
    const data = { "nginx.conf": conf, ...programFiles(args.config) };
    return new ConfigMap(name, { metadata, data }, { parent: this });
  }

  #createService(name: string, args: NginxGatewayArgs, tls: GatewayTls): Service {
    const { serviceType, nodePort } = args.config;
    // Only a load balancer has an address to wait for. The Deployment already waits for the pods.
    const annotations = serviceType === "LoadBalancer" ? {} : skipAwait;
    const metadata = { name, namespace: args.namespace, annotations };
    const ports = [{ name: "http", port: 80, targetPort: "http", nodePort }, ...tls.servicePorts];
    const spec = {
      type: serviceType,
      selector: this.workload.selector,
      ports,
      externalTrafficPolicy: trafficPolicy(args.config),
      // One family on a cluster that has only one.
      ipFamilyPolicy: args.config.ipv6 ? "PreferDualStack" : undefined,
    };
    return new Service(name, { metadata, spec }, { parent: this });
  }

  #createDeployment(name: string, args: NginxGatewayArgs, configMap: ConfigMap, tls: GatewayTls) {
    const { config, image } = args;
    const get = (path: string) => ({
      httpGet: { path, port: config.proxyProtocol ? "probes" : "http" },
      timeoutSeconds: 2,
    });
    const probePorts = config.proxyProtocol ? [{ name: "probes", containerPort: nginxProbePort }] : [];
    const metricsPorts = config.metrics ? [{ name: "metrics", containerPort: nginxMetricsPort }] : [];
    const command = ["nginx", "-e", "stderr", "-c", `${nginxVolumes.conf}/nginx.conf`];
    const container = {
      image,
      resources: resources(config),
      volumeMounts: [
        { name: "conf", mountPath: nginxVolumes.conf, readOnly: true },
        { name: "tmp", mountPath: nginxVolumes.tmp },
        ...tls.volumeMounts,
      ],
      // The line of Nginx becomes part of the pod's status, which `pulumi up` reports.
      terminationMessagePolicy: "FallbackToLogsOnError",
    };
    return createDeployment(
      {
        ...args,
        name,
        role: "nginx",
        replicas: config.replicas,
        maxSurge: 1,
        awaitedHere: true,
        ...(config.metrics && {
          annotations: {
            "prometheus.io/scrape": "true",
            "prometheus.io/port": String(nginxMetricsPort),
            "prometheus.io/path": "/metrics",
          },
        }),
        // Gives every node time to route traffic to a new pod, so that a finished update can be reached.
        minReadySeconds: 2,
        spec: {
          terminationGracePeriodSeconds: Math.ceil(drainMs(config) / 1000) + 10,
          // A configuration that this image's Nginx refuses ends the update while the old pods go on serving.
          initContainers: [{ ...container, name: "check-conf", command: [...command, "-t", "-q"] }],
          containers: [
            {
              ...container,
              name: "nginx",
              command,
              ports: [
                { name: "http", containerPort: nginxPort },
                ...tls.containerPorts,
                ...probePorts,
                ...metricsPorts,
              ],
              // Without a known pod, every request would get a 503. Later, that is the right response.
              startupProbe: { ...get(startPath), periodSeconds: 1, failureThreshold: 60 },
              readinessProbe: { ...get("/healthz"), periodSeconds: 2, failureThreshold: 2 },
              livenessProbe: { ...get(alivePath), periodSeconds: 10, failureThreshold: 3 },
              // Gives every node time to remove the pod from the Service before the stop signal drains Nginx.
              lifecycle: { preStop: { sleep: { seconds: 3 } } },
            },
          ],
          volumes: [
            { name: "conf", configMap: { name: configMap.metadata.name } },
            {
              name: "tmp",
              emptyDir: {
                bytes:
                  bodyVolumeBytes(config.maxBody) +
                  cacheVolumeBytes(config.cache) +
                  metricsVolumeBytes(config),
              },
            },
            ...tls.volumes,
          ],
        },
      },
      this,
    );
  }
}

function endpoint(args: NginxGatewayArgs, name: string, service: Service): pulumi.Output<string> {
  const { publicUrl, serviceType, nodePort, tls } = args.config;
  const [scheme, ownPort, index] = hasTls(tls) ? ["https", tls.nodePort, 1] : ["http", nodePort, 0];
  const host = serviceHost(name, args.namespace, args.domain);
  if (publicUrl !== undefined) return pulumi.output(publicUrl.replace(/\/+$/, ""));
  if (serviceType === "NodePort") {
    const port = ownPort ?? service.spec.ports[index]?.nodePort;
    return pulumi.interpolate`${scheme}://127.0.0.1:${port}`;
  }
  if (serviceType === "LoadBalancer") {
    return service.status.loadBalancer.ingress.apply((ingress) => {
      const first = ingress[0];
      return `${scheme}://${urlHost(first?.hostname ?? first?.ip ?? host)}`;
    });
  }
  return pulumi.output(`${scheme}://${host}`);
}

/** A host as URLs have it: an IPv6 address in brackets. */
export function urlHost(host: string): string {
  return isIPv6(host) ? `[${host}]` : host;
}
