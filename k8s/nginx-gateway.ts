import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import * as pulumi from "@pulumi/pulumi";
import type { PoolPlan } from "../config/derive.ts";
import { type NginxConfig, nginxVolumes } from "../config/sections/nginx.ts";
import type { Bytes } from "../config/units.ts";
import type { Workload } from "../contract/outputs.ts";
import { nginxPort, renderNginxConf } from "../nginx/nginx-conf.ts";
import { apiPort } from "./api-pool.ts";
import { resources } from "./resources.ts";
import { createDeployment, skipAwait } from "./workload.ts";

/** The gateway's settings and the API pools behind it. */
export interface NginxGatewayArgs {
  namespace: string;
  config: NginxConfig;
  /** Maximum size of a single upload. */
  uploadMax: Bytes;
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

  constructor(name: string, args: NginxGatewayArgs, opts?: pulumi.ComponentResourceOptions) {
    super("breakwater:k8s:NginxGateway", name, {}, opts);
    const configMap = this.#createConfigMap(name, args);
    this.workload = this.#createDeployment(name, args, configMap);
    this.endpoint = endpoint(args, name, this.#createService(name, args));
    this.registerOutputs({ endpoint: this.endpoint });
  }

  #createConfigMap(name: string, args: NginxGatewayArgs): ConfigMap {
    const pools = args.pools.map(({ serviceName, podWeight, backup }) => ({
      server: `${serviceName}.${args.namespace}.svc.cluster.local:${apiPort}`,
      podWeight,
      backup,
    }));
    const conf = pulumi
      .output(args.resolver)
      .apply((resolver) => renderNginxConf({ ...args.config, uploadMax: args.uploadMax, pools, resolver }));
    // Pulumi names it by its content, so that new content replaces the pods.
    const metadata = { namespace: args.namespace };
    return new ConfigMap(name, { metadata, data: { "nginx.conf": conf } }, { parent: this });
  }

  #createService(name: string, args: NginxGatewayArgs): Service {
    const { serviceType, nodePort } = args.config;
    // Only a load balancer has an address to wait for. The Deployment already waits for the pods.
    const annotations = serviceType === "LoadBalancer" ? {} : skipAwait;
    const metadata = { name, namespace: args.namespace, annotations };
    const ports = [{ name: "http", port: 80, targetPort: "http", nodePort }];
    const spec = { type: serviceType, selector: this.workload.selector, ports };
    return new Service(name, { metadata, spec }, { parent: this });
  }

  #createDeployment(name: string, args: NginxGatewayArgs, configMap: ConfigMap): Workload {
    const { config, image } = args;
    const healthCheck = { httpGet: { path: "/healthz", port: "http" }, timeoutSeconds: 2 };
    return createDeployment(
      {
        ...args,
        name,
        role: "nginx",
        replicas: config.replicas,
        maxSurge: 1,
        // Gives every node time to route traffic to a new pod, so that a finished update can be reached.
        minReadySeconds: 2,
        spec: {
          terminationGracePeriodSeconds: Math.ceil(config.timeout / 1000) + 10,
          containers: [
            {
              name: "nginx",
              image,
              command: ["nginx", "-e", "stderr", "-c", `${nginxVolumes.conf}/nginx.conf`],
              ports: [{ name: "http", containerPort: nginxPort }],
              resources: resources(config),
              volumeMounts: [
                { name: "conf", mountPath: nginxVolumes.conf, readOnly: true },
                { name: "tmp", mountPath: nginxVolumes.tmp },
              ],
              startupProbe: { ...healthCheck, periodSeconds: 1, failureThreshold: 60 },
              readinessProbe: { ...healthCheck, periodSeconds: 2, failureThreshold: 2 },
              livenessProbe: { ...healthCheck, periodSeconds: 10, failureThreshold: 3 },
              // Gives every node time to remove the pod from the Service before the stop signal drains Nginx.
              lifecycle: { preStop: { sleep: { seconds: 3 } } },
            },
          ],
          volumes: [
            { name: "conf", configMap: { name: configMap.metadata.name } },
            { name: "tmp", emptyDir: { sizeLimit: "1Gi" } },
          ],
        },
      },
      this,
    );
  }
}

function endpoint(args: NginxGatewayArgs, name: string, service: Service): pulumi.Output<string> {
  const { publicUrl, serviceType, nodePort } = args.config;
  if (publicUrl !== undefined) return pulumi.output(publicUrl.replace(/\/+$/, ""));
  if (serviceType === "NodePort") {
    const port = nodePort ?? service.spec.ports[0]?.nodePort;
    return pulumi.interpolate`http://127.0.0.1:${port}`;
  }
  if (serviceType === "LoadBalancer") {
    return service.status.loadBalancer.ingress.apply((ingress) => {
      const first = ingress[0];
      return `http://${first?.hostname ?? first?.ip ?? `${name}.${args.namespace}.svc.cluster.local`}`;
    });
  }
  return pulumi.output(`http://${name}.${args.namespace}.svc.cluster.local`);
}
