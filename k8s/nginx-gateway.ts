import { Deployment } from "@pulumi/kubernetes/apps/v1/deployment.js";
import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import * as pulumi from "@pulumi/pulumi";
import type { PoolPlan } from "../config/derive.ts";
import type { Bytes, NginxConfig } from "../config/schema.ts";
import type { Workload } from "../contract/outputs.ts";
import { nginxPort, renderNginxConf } from "../nginx/nginx-conf.ts";
import { apiPort } from "./api-pool.ts";
import { selectorLabels, skipAwait } from "./names.ts";
import { imagePullPolicy, isolatedPod, restrictedContainer, restrictedPod } from "./pod-security.ts";
import { resources } from "./resources.ts";

/** The gateway's dials and the pools behind it. */
export interface NginxGatewayArgs {
  namespace: string;
  config: NginxConfig;
  /** Most of one upload. */
  uploadMax: Bytes;
  pools: PoolPlan[];
  image: string;
  /** Address of the cluster's DNS. */
  resolver: pulumi.Input<string>;
}

const configFolder = "/etc/breakwater";

/** Nginx in front of the API's pools. Its pods are replaced only when its own configuration changes. */
export class NginxGateway extends pulumi.ComponentResource {
  readonly workload: Workload;
  /** Where clients reach it, without a trailing slash. */
  readonly endpoint: pulumi.Output<string>;

  constructor(name: string, args: NginxGatewayArgs, opts?: pulumi.ComponentResourceOptions) {
    super("breakwater:k8s:NginxGateway", name, {}, opts);
    const labels = selectorLabels(name, name);
    const configMap = this.createConfigMap(name, args);
    this.createDeployment(name, args, labels, configMap);
    const service = this.createService(name, args, labels);
    this.endpoint = endpoint(args, name, service);
    this.workload = {
      name,
      kind: "Deployment",
      role: "nginx",
      replicas: args.config.replicas,
      selector: labels,
      memoryLimitBytes: args.config.memory,
    };
    this.registerOutputs({ endpoint: this.endpoint });
  }

  private createConfigMap(name: string, args: NginxGatewayArgs): ConfigMap {
    const pools = args.pools.map(({ serviceName, podWeight, backup }) => ({
      server: `${serviceName}.${args.namespace}.svc.cluster.local:${apiPort}`,
      podWeight,
      backup,
    }));
    const conf = pulumi
      .output(args.resolver)
      .apply((resolver) => renderNginxConf({ ...args.config, uploadMax: args.uploadMax, pools, resolver }));
    return new ConfigMap(
      name,
      // A name by content: new content gets a new ConfigMap, and with it new pods.
      { metadata: { namespace: args.namespace }, data: { "nginx.conf": conf } },
      { parent: this },
    );
  }

  private createService(name: string, args: NginxGatewayArgs, labels: Record<string, string>): Service {
    const { serviceType, nodePort } = args.config;
    // Only a load balancer has an address to wait for; that the pods are ready, the Deployment waits for.
    const annotations = serviceType === "LoadBalancer" ? {} : skipAwait;
    return new Service(
      name,
      {
        metadata: { name, namespace: args.namespace, annotations },
        spec: {
          type: serviceType,
          selector: labels,
          ports: [{ name: "http", port: 80, targetPort: "http", nodePort }],
        },
      },
      { parent: this },
    );
  }

  private createDeployment(
    name: string,
    args: NginxGatewayArgs,
    labels: Record<string, string>,
    configMap: ConfigMap,
  ): void {
    const { config, image, namespace } = args;
    const answers = { httpGet: { path: "/healthz", port: "http" }, timeoutSeconds: 2 };
    new Deployment(
      name,
      {
        metadata: { name, namespace },
        spec: {
          replicas: config.replicas,
          revisionHistoryLimit: 3,
          // A pod counts once every node has had the time to send it traffic, so a finished update is one that answers.
          minReadySeconds: 2,
          selector: { matchLabels: labels },
          strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
          template: {
            metadata: { labels },
            spec: {
              ...isolatedPod,
              securityContext: restrictedPod(),
              terminationGracePeriodSeconds: Math.ceil(config.timeout / 1000) + 10,
              topologySpreadConstraints: [
                {
                  maxSkew: 1,
                  topologyKey: "kubernetes.io/hostname",
                  whenUnsatisfiable: "ScheduleAnyway",
                  labelSelector: { matchLabels: labels },
                },
              ],
              containers: [
                {
                  name: "nginx",
                  image,
                  imagePullPolicy,
                  command: ["nginx", "-e", "stderr", "-c", `${configFolder}/nginx.conf`],
                  ports: [{ name: "http", containerPort: nginxPort }],
                  resources: resources(config),
                  securityContext: restrictedContainer,
                  volumeMounts: [
                    { name: "conf", mountPath: configFolder, readOnly: true },
                    { name: "tmp", mountPath: "/tmp" },
                  ],
                  startupProbe: { ...answers, periodSeconds: 1, failureThreshold: 60 },
                  readinessProbe: { ...answers, periodSeconds: 2, failureThreshold: 2 },
                  livenessProbe: { ...answers, periodSeconds: 10, failureThreshold: 3 },
                  // Until every node has taken the pod out of the Service; then the image's stop signal drains it.
                  lifecycle: { preStop: { sleep: { seconds: 3 } } },
                },
              ],
              volumes: [
                { name: "conf", configMap: { name: configMap.metadata.name } },
                { name: "tmp", emptyDir: { sizeLimit: "1Gi" } },
              ],
            },
          },
        },
      },
      { parent: this },
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
      const at = ingress[0];
      return `http://${at?.hostname ?? at?.ip ?? `${name}.${args.namespace}.svc.cluster.local`}`;
    });
  }
  return pulumi.output(`http://${name}.${args.namespace}.svc.cluster.local`);
}
