import { section } from "../options/collections.ts";
import type { ValueOf } from "../options/option.ts";
import { text } from "../options/scalars.ts";
import { imageName } from "./names.ts";
import { embeddedRegistry } from "./registry.ts";

const image = (embedded: string, elsewhere: string, doc: string) =>
  text({
    ...imageName,
    default: {
      embedded: `${embeddedRegistry}/breakwater/${embedded}`,
      elsewhere: `docker.io/library/${elsewhere}`,
    },
    doc,
  });

/** The base images. The embedded cluster builds them from Debian packages. */
export const images = section("The base images. The embedded cluster builds its own from Debian packages.", {
  node: image("node:24", "node:24-slim", "Base image of the API image."),
  nginx: image("nginx:1.30", "nginx:1.30", "Image of the gateway; Nginx 1.27.3 or newer."),
  redis: image("redis:8.0", "redis:8.0", "Image of the Redis Cluster."),
  postgres: image("postgres:17", "postgres:17", "Image of the database."),
});

/** The base images. */
export type ImagesConfig = ValueOf<typeof images>;
