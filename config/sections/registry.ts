import { section } from "../options/collections.ts";
import type { ValueOf } from "../options/option.ts";
import { secret, text } from "../options/scalars.ts";
import { notEmpty } from "./names.ts";

/** Registry of the embedded cluster, as containerd and the Docker engine name it. */
export const embeddedRegistry = "localhost:5000";

/** The registry of the API image. */
export const registry = section("The registry of the API image.", {
  address: text({
    pattern: /^[a-z0-9][-a-z0-9.]*(:\d+)?(\/[a-z0-9][-a-z0-9._]*)*$/,
    rule: 'must be the host, port and path that images are pushed to, like "registry.example.org/team"',
    default: { embedded: embeddedRegistry },
    required: true,
    doc: "Host and path in front of `breakwater/api`: the API image is pushed there, and the cluster pulls it from there.",
  }),
  username: text({ ...notEmpty, doc: "User of the registry, for the push and for the pods that pull the API image. Without it, the push uses the credentials of `docker login`, and the pods pull without credentials." }),
  password: secret({ ...notEmpty, doc: "Password of `registry.username`; a secret." }),
});

/** The registry of the API image. */
export type RegistryConfig = ValueOf<typeof registry>;
