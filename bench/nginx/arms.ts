import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { nginxVolumes } from "../../config/sections/nginx.ts";
import { UserError } from "../../contract/user-error.ts";
import { imageName, recipes } from "../../local/images/recipes.ts";
import { nginxPort } from "../../nginx/settings.ts";
import { haproxyConf, haproxyRecipe } from "./haproxy.ts";

/** Facts of the deployed stack that the configurations of all gateways need. */
export interface StackFacts {
  /** The configuration that the stack's own gateway runs with: `nginx.conf` and its programs. */
  files: Readonly<Record<string, string>>;
  /** Number of API pods. */
  pods: number;
}

/** One gateway of the comparison. */
export interface Arm {
  name: string;
  about: string;
  image: string;
  command: string[];
  /** The file in `/etc/gateway`. */
  file: string;
  config: string;
  /** The files beside it. */
  programs?: Readonly<Record<string, string>>;
}

/** The arm without a gateway: the load goes to the pods themselves. All ratios refer to it. */
export const direct = "direct";

const nginxImage = imageName(recipes.find(({ name }) => name === "nginx") ?? { name: "nginx", tag: "" });
/** Folder of the files of a gateway's pod. */
const folder = "/etc/gateway";
const nginxCommand = ["nginx", "-e", "stderr", "-c", `${folder}/nginx.conf`];

const nginx = { image: nginxImage, command: nginxCommand, file: "nginx.conf" };

/** An arm with an nginx.conf of the user's. @throws {UserError} with exit code 2 when the file cannot be read */
export function confArm(path: string): Arm {
  try {
    const name = basename(path)
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-");
    return { ...nginx, name, about: path, config: readFileSync(path, "utf8") };
  } catch (error) {
    const { message } = error as Error;
    throw new UserError(`--conf ${path} cannot be read: ${message}`, "give the path of an nginx.conf", {
      exitCode: 2,
    });
  }
}

/** The gateways, all in pods with equal limits. @throws {Error} when the stack's configuration has another form than expected */
export function gatewayArms({ files, pods }: StackFacts): Arm[] {
  const { "nginx.conf": conf = "", ...programs } = files;
  const nginxConf = conf.replaceAll(`${nginxVolumes.conf}/`, `${folder}/`);
  const server = /server (\S+) resolve/.exec(nginxConf)?.[1];
  const resolver = /resolver (\S+) valid/.exec(nginxConf)?.[1];
  if (server === undefined || resolver === undefined)
    throw new Error("the gateway's configuration names no pods or no resolver");
  return [
    { ...nginx, name: "kit", about: "the gateway as the stack deploys it", config: nginxConf, programs },
    {
      ...nginx,
      programs,
      name: "no-keepalive",
      about: "the gateway, with a new connection to a pod for each request",
      config: nginxConf
        .replace(/\n *keepalive \d+;/, "\n    keepalive 0;")
        .replace(/proxy_set_header Connection [^;]+;/, "proxy_set_header Connection close;"),
    },
    {
      ...nginx,
      name: "public",
      about: "Nginx as public images configure it",
      config: publicConf(server, resolver),
    },
    {
      name: "haproxy",
      about: "HAProxy of Debian, with the gateway's duties",
      image: imageName(haproxyRecipe),
      command: ["haproxy", "-W", "-db", "-f", `${folder}/haproxy.cfg`],
      file: "haproxy.cfg",
      config: haproxyConf(server, resolver, pods * 2),
    },
  ];
}

/** Port of the peers on the loopback address of a gateway's pod. */
const peerPort = 3000;

/**
 * The stack's gateway with so many pods: addresses of its own loopback interface, at which the same process gives the
 * cheapest response. Arms of this kind differ in what the balancer itself costs.
 *
 * @param kit the arm of the stack's gateway
 * @param peers from 1 to 60,000
 * @throws {Error} when the stack's configuration has another form than expected
 */
export function peersArm(kit: Arm, peers: number): Arm {
  const servers = Array.from({ length: peers }, (_, index) => {
    const address = `127.0.${1 + (index >> 8)}.${index & 255}`;
    return `    server ${address}:${peerPort} max_fails=3 fail_timeout=5s;`;
  });
  const own = `  server {
    listen ${peerPort} backlog=4096;
    keepalive_requests 100000;
    location / {
      default_type application/json;
      return 200 '{"ok":true}';
    }
  }
}
`;
  const config = kit.config
    .replace(
      /^ *zone (\S+) \S+;\n(?: *server \S+ resolve[^;]*;\n)+/m,
      `    zone $1 32m;\n${servers.join("\n")}\n`,
    )
    .replace(/\}\s*$/, own);
  if (!config.includes(servers[0] as string))
    throw new Error("the gateway's configuration has no pool of pods");
  return {
    ...kit,
    name: `${peers}-peers`,
    about: `the gateway with ${peers} pods on its own loopback`,
    config,
  };
}

/**
 * The nginx.conf of the image `nginx` of Docker Hub (github.com/nginx/docker-nginx) with the proxy location that its
 * documentation shows. Only what a read-only pod without root needs is added: port, paths, and names looked up at run time.
 */
function publicConf(server: string, resolver: string): string {
  return `daemon off;
worker_processes auto;
error_log stderr notice;
pid /tmp/nginx.pid;
events {
  worker_connections 1024;
}
http {
  client_body_temp_path /tmp/client-body;
  proxy_temp_path /tmp/proxy;
  fastcgi_temp_path /tmp/fastcgi;
  uwsgi_temp_path /tmp/uwsgi;
  scgi_temp_path /tmp/scgi;
  default_type application/octet-stream;
  log_format main '$remote_addr - $remote_user [$time_local] "$request" '
    '$status $body_bytes_sent "$http_referer" "$http_user_agent" "$http_x_forwarded_for"';
  access_log /dev/stdout main;
  sendfile on;
  keepalive_timeout 65;
  resolver ${resolver} valid=1s ipv6=off;
  upstream api {
    zone api 256k;
    server ${server} resolve;
  }
  server {
    listen ${nginxPort};
    location /api/ {
      proxy_pass http://api/;
      proxy_set_header Host $host;
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
    }
  }
}
`;
}
