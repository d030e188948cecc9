import { randomBytes } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";

/**
 * A password of 32 characters (letters, digits, `-`, `_`). It is generated once and then kept, encrypted, in the stack's
 * state. Pulumi's engine stores it, so no plugin is needed. `pulumi up --replace URN` generates a new one.
 */
export function generatedPassword(name: string, opts: pulumi.CustomResourceOptions): pulumi.Output<string> {
  const input = pulumi.secret(randomBytes(24).toString("base64url"));
  // Each run passes a new password; `ignoreChanges` keeps the first one.
  const stash = new pulumi.Stash(name, { input }, { ...opts, ignoreChanges: ["input"] });
  return pulumi.secret(stash.output as pulumi.Output<string>);
}
