import type { types } from "@pulumi/kubernetes";

/** User and group of the kit's own images. */
export const imageUser = 10001;

/** Pod-level part of what Pod Security "restricted" asks for. Volumes belong to the group where the driver can do that. */
export function restrictedPod(user = imageUser): types.input.core.v1.PodSecurityContext {
  return {
    runAsNonRoot: true,
    runAsUser: user,
    runAsGroup: user,
    fsGroup: user,
    fsGroupChangePolicy: "OnRootMismatch",
    seccompProfile: { type: "RuntimeDefault" },
  };
}

/** Container-level part; writes go to mounted volumes only. */
export const restrictedContainer: types.input.core.v1.SecurityContext = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  readOnlyRootFilesystem: true,
};

/** For every pod: nothing here talks to the API server, and one environment variable per Service helps nobody. */
export const isolatedPod = { automountServiceAccountToken: false, enableServiceLinks: false } as const;

/**
 * Every start asks the registry what a tag stands for now: a node that kept an older image of the name would run that
 * otherwise, and whoever may run pods there could run an image that they may not pull.
 */
export const imagePullPolicy = "Always";
