import { section } from "../options/collections.ts";
import type { ValueOf } from "../options/option.ts";
import { text } from "../options/scalars.ts";
import { imageName } from "./names.ts";
import { embeddedRegistry } from "./registry.ts";

/** Platform of the embedded cluster's node and base images. */
export const embeddedPlatform = "linux/amd64";

/** Platform of an image. */
export const platformName = {
  pattern: /^linux\/[a-z0-9]+(\/v[0-9]+)?$/,
  rule: 'must be one platform like "linux/amd64" or "linux/arm64"',
};

const image = (embedded: string, elsewhere: string, doc: string) =>
  text({
    ...imageName,
    default: {
      embedded: `${embeddedRegistry}/breakwater/${embedded}`,
      elsewhere: `docker.io/${elsewhere}`,
    },
    doc,
  });

/** The base images, and the platform of the API image. The embedded cluster builds base images from Debian packages. */
export const images = section("The base images. The embedded cluster builds its own from Debian packages.", {
  node: image("node:24", "library/node:24-slim", "Base image of the API image."),
  nginx: image("nginx:1.30", "library/nginx:1.30", "Image of the gateway; Nginx 1.30.4 or newer with its JavaScript module, for `nginx.retryBudget` and `nginx.metrics`."),
  redis: image("redis:8.0", "library/redis:8.0", "Image of the Redis Cluster, if `redis.server` is redis."),
  valkey: image("valkey:9.1", "valkey/valkey:9.1", "Image of the Redis Cluster, if `redis.server` is valkey; 9.1.2 or newer for moves of slots in one step."),
  postgres: image("postgres:17", "library/postgres:17", "Image of the database."),
  platform: text({
    ...platformName,
    default: embeddedPlatform,
    doc: "Platform that the API image is built for: that of the cluster's nodes.",
  }),
});

/** The base images, and the platform of the API image. */
export type ImagesConfig = ValueOf<typeof images>;
