import * as pulumi from "@pulumi/pulumi";

/** Lets the plugin overwrite a field of the object that someone else has set, instead of failing with a conflict. */
const patchForce = { "pulumi.com/patchForce": "true" };

/**
 * Transformation that makes the stack the owner of every field that it sets: it gives a Kubernetes object, and those below
 * a component, the annotation that takes a field back. So `kubectl scale` is undone by the next change of replicas in
 * stack config, and a `pulumi up` after one that was killed takes over the objects of the killed one.
 * See docs/decisions.md#forced-fields.
 */
export const ownFields: pulumi.ResourceTransformation = ({ type, props, opts }) => {
  if (!type.startsWith("kubernetes:") || props.metadata === undefined) return undefined;
  const metadata = pulumi.output(props.metadata).apply((given) => ({
    ...given,
    annotations: { ...given.annotations, ...patchForce },
  }));
  return { props: { ...props, metadata }, opts };
};
