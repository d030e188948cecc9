import * as pulumi from "@pulumi/pulumi";

/** A resource that the program registered. */
export interface Recorded {
  type: string;
  name: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into inputs of every type
  inputs: any;
}

/** Returns a list that records every resource from now on. The outputs of a resource are its inputs. */
export function recordResources(
  config: Record<string, unknown> = {},
  { project, stack } = { project: "breakwater", stack: "test" },
): Recorded[] {
  const recorded: Recorded[] = [];
  pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        recorded.push({ type, name, inputs });
        const metadata = { name: `${name}-1a2b3c4d`, uid: `${name}-uid`, ...inputs.metadata };
        const named = { ...inputs, metadata };
        const state = type === "pulumi:index:Stash" ? { ...inputs, output: inputs.input } : named;
        return { id: `${name}-id`, state };
      },
      call: ({ inputs }) => inputs,
    },
    project,
    stack,
    false,
    "organization",
  );
  const texts = Object.entries(config).map(([key, value]) => [`${project}:${key}`, JSON.stringify(value)]);
  pulumi.runtime.setAllConfig(Object.fromEntries(texts));
  return recorded;
}

/** Returns the recorded resources of a Kubernetes kind. */
export function ofKind(recorded: readonly Recorded[], kind: string): Recorded[] {
  return recorded.filter(({ type }) => type.startsWith("kubernetes:") && type.endsWith(`:${kind}`));
}

/** Waits for the value of an output. */
export function resolved<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => output.apply(resolve));
}
