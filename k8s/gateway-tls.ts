import { randomBytes } from "node:crypto";
import { isIP } from "node:net";
import type { types } from "@pulumi/kubernetes";
import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import * as pulumi from "@pulumi/pulumi";
import { serviceHost, shortHash } from "../config/derive.ts";
import { type NginxConfig, nginxVolumes } from "../config/sections/nginx.ts";
import { hasTls } from "../config/sections/nginx-tls.ts";
import type { TlsTrust } from "../contract/outputs.ts";
import { nginxTlsPort } from "../nginx/settings.ts";
import { ticketKeyBytes, tlsFiles } from "../nginx/tls.ts";
import { keep } from "./password.ts";
import type { PodVolume } from "./pod.ts";
import { type SelfSigned, selfSigned } from "./self-signed.ts";

/** What the gateway's workload needs for TLS. */
export interface GatewayTlsArgs {
  namespace: string;
  /** DNS domain of the cluster. */
  domain: string;
  config: NginxConfig;
}

/** TLS of the gateway's pods and Service. */
export interface GatewayTls {
  volumes: PodVolume[];
  volumeMounts: types.input.core.v1.VolumeMount[];
  containerPorts: types.input.core.v1.ContainerPort[];
  servicePorts: types.input.core.v1.ServicePort[];
  /** Absent: clients know the authority, or get its certificate from elsewhere. */
  trust?: pulumi.Output<TlsTrust>;
}

const volume = "edge-tls";

/** Creates the Secrets of the certificate and of the tickets' key. Other contents give them other names, and new pods. */
export function createGatewayTls(name: string, args: GatewayTlsArgs, parent: pulumi.Resource): GatewayTls {
  const { tls } = args.config;
  if (!hasTls(tls)) return { volumes: [], volumeMounts: [], containerPorts: [], servicePorts: [] };
  const { secretName, trust } = createCertificate(name, args, parent);
  const files = [tlsFiles.certificate, tlsFiles.key].map((key) => ({ key, path: key }));
  const sources = [
    { secret: { name: secretName, items: files } },
    { secret: { name: createTicketKey(name, args, parent) } },
  ];
  return {
    volumes: [{ name: volume, projected: { sources } }],
    volumeMounts: [{ name: volume, mountPath: nginxVolumes[volume], readOnly: true }],
    containerPorts: [{ name: "https", containerPort: nginxTlsPort }],
    servicePorts: [{ name: "https", port: 443, targetPort: "https", nodePort: tls.nodePort }],
    ...(trust !== undefined && { trust }),
  };
}

/**
 * Origin that requests over HTTP are redirected to; undefined: the host of the request, on the port of HTTPS. Without a
 * public URL, clients of a NodePort reach HTTPS only at that port.
 */
export function httpsOrigin({ publicUrl, serviceType, tls }: NginxConfig): string | undefined {
  if (publicUrl !== undefined) return new URL(publicUrl).origin;
  return serviceType === "NodePort" && tls.nodePort !== undefined
    ? `https://$host:${tls.nodePort}`
    : undefined;
}

function createCertificate(
  name: string,
  args: GatewayTlsArgs,
  parent: pulumi.Resource,
): { secretName: pulumi.Input<string>; trust?: pulumi.Output<TlsTrust> } {
  const { secret, certificate, key } = args.config.tls;
  if (secret !== undefined) return { secretName: secret };
  if (certificate !== undefined)
    return { secretName: createSecret(name, args, { certificate, key }, parent) };
  const names = namesOf(name, args);
  // Other names are another certificate.
  const text = JSON.stringify(selfSigned(names, Date.now()));
  const { kept } = keep(`${name}-certificate-${shortHash(...names)}`, text, { parent });
  const made = kept.apply((json) => JSON.parse(json) as SelfSigned);
  const { publicUrl } = args.config;
  const publicHost = publicUrl === undefined ? "" : names.at(-1);
  // TLS clients name no IP address.
  const serverName = publicHost && isIP(publicHost) === 0 ? publicHost : (names[0] ?? name);
  const trust = pulumi.unsecret(made.apply(({ authority }): TlsTrust => ({ authority, serverName })));
  return { secretName: createSecret(name, args, made, parent), trust };
}

/** Names by which clients reach the gateway. The address of a load balancer is not known yet. */
function namesOf(name: string, { namespace, domain, config }: GatewayTlsArgs): string[] {
  const host = serviceHost(name, namespace, domain);
  const { publicUrl } = config;
  const own = [
    host,
    `${name}.${namespace}.svc`,
    `${name}.${namespace}`,
    name,
    "localhost",
    "127.0.0.1",
    "::1",
  ];
  return publicUrl === undefined ? own : [...own, new URL(publicUrl).hostname.replace(/^\[(.*)\]$/, "$1")];
}

function createSecret(
  name: string,
  { namespace }: GatewayTlsArgs,
  pair: pulumi.Input<{ certificate: string; key?: string | undefined }>,
  parent: pulumi.Resource,
): pulumi.Output<string> {
  const stringData = pulumi.secret(
    pulumi
      .output(pair)
      .apply(({ certificate, key = "" }) => ({ [tlsFiles.certificate]: certificate, [tlsFiles.key]: key })),
  );
  const type = "kubernetes.io/tls";
  return new Secret(`${name}-tls`, { metadata: { namespace }, type, stringData }, { parent }).metadata.name;
}

function createTicketKey(
  name: string,
  { namespace, config }: GatewayTlsArgs,
  parent: pulumi.Resource,
): pulumi.Output<string> {
  const version = config.tls.ticketKeyVersion;
  const { kept } = keep(`${name}-tickets-${version}`, randomBytes(ticketKeyBytes).toString("base64"), {
    parent,
  });
  const data = { [tlsFiles.tickets]: kept };
  return new Secret(`${name}-tickets`, { metadata: { namespace }, data }, { parent }).metadata.name;
}
