import type { types } from "@pulumi/kubernetes";
import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import * as pulumi from "@pulumi/pulumi";
import { passwordId } from "./password.ts";
import type { PodVolume } from "./pod.ts";

/** The passwords that a rotation replaces. */
export interface Passwords {
  /** Absent when the database is outside the stack. */
  database?: pulumi.Output<string>;
  /** Password of Redis' user `admin`, and the hashes of those of all its users. */
  "redis-admin": pulumi.Output<string>;
  "redis-hashes": pulumi.Output<string>;
  "internal-token": pulumi.Output<string>;
}

/** A key of the Secret: a password, or the ID of the database's password. Earlier versions kept that of Redis' user `default` as `redis`. */
export type PasswordKey = keyof Passwords | "database-id" | "redis";

const name = "passwords-in-use";

/**
 * The Secret with the passwords that are in use. It changes when a rotation ends, so during a rotation it has the old
 * passwords, while Pulumi's state has the new ones. Pods and Jobs read it by its name, because it comes after them. It may
 * be missing: before the first `pulumi up` ends, and for a moment when it is replaced.
 *
 * @param opts depend on everything that uses a password
 */
export function createPasswordsInUse(
  namespace: string,
  passwords: Passwords,
  opts: pulumi.CustomResourceOptions,
): Secret {
  const { database } = passwords;
  const stringData: Partial<Record<PasswordKey, pulumi.Output<string>>> = { ...passwords };
  if (database !== undefined) stringData["database-id"] = passwordId(database);
  return new Secret(name, { metadata: { name, namespace }, stringData: pulumi.secret(stringData) }, opts);
}

/** Volume with a file for each of the keys that the Secret has; the kubelet changes them within about a minute. */
export function passwordsVolume(volume: string, keys: PasswordKey[], defaultMode?: number): PodVolume {
  const items = keys.map((key) => ({ key, path: key }));
  return { name: volume, secret: { secretName: name, optional: true, items, defaultMode } };
}

/** Variable of a container with the password at the container's start. */
export function passwordVariable(variable: string, key: PasswordKey): types.input.core.v1.EnvVar {
  return { name: variable, valueFrom: { secretKeyRef: { name, key, optional: true } } };
}
