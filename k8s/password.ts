import { randomBytes } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { shortHash } from "../config/derive.ts";

/**
 * A password of 32 characters (letters, digits, `-`, `_`). It is generated once and then kept, encrypted, in the stack's
 * state. Pulumi's engine stores it, so no plugin is needed. Another version is another password, and so is what
 * `pulumi up --replace URN` generates; passwords-in-use.ts keeps the one before until the new one is in use.
 *
 * @param version from 1
 * @param output the stack's output that has the password; the run that generates it logs how to show it
 */
export function generatedPassword(
  name: string,
  version: number,
  opts: pulumi.CustomResourceOptions,
  output?: string,
): pulumi.Output<string> {
  // The first version has the name from before there were versions.
  const versioned = version === 1 ? name : `${name}-${version}`;
  const { stash, input, kept: password } = keep(versioned, randomBytes(24).toString("base64url"), opts);
  if (output !== undefined)
    pulumi.all([input, password]).apply(([generated, kept]) => {
      if (generated === kept)
        void pulumi.log.info(`generated; show it: pulumi stack output ${output} --show-secrets`, stash);
    });
  return password;
}

/** Keeps a generated text, encrypted, in the stack's state. Each run passes another one; the first one is kept. */
export function keep(name: string, generated: string, opts: pulumi.CustomResourceOptions) {
  const input = pulumi.secret(generated);
  const stash = new pulumi.Stash(name, { input }, { ...opts, ignoreChanges: ["input"] });
  return { stash, input, kept: pulumi.secret(stash.output as pulumi.Output<string>) };
}

/** Identifies a generated password without giving it away. */
export function passwordId(password: pulumi.Output<string>): pulumi.Output<string> {
  return pulumi.unsecret(password.apply((text) => shortHash(text)));
}
