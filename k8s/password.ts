import { randomBytes } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";

/**
 * A password of 32 characters (letters, digits, `-`, `_`) that is made once and then kept, encrypted, in the stack's
 * state. The engine itself keeps it, so no plugin is needed. It is made anew when the resource is replaced:
 * `pulumi up --replace URN`.
 */
export function generatedPassword(name: string, opts: pulumi.CustomResourceOptions): pulumi.Output<string> {
  const input = pulumi.secret(randomBytes(24).toString("base64url"));
  // Every run offers a new password; only the first one counts.
  const stash = new pulumi.Stash(name, { input }, { ...opts, ignoreChanges: ["input"] });
  return pulumi.secret(stash.output as pulumi.Output<string>);
}
