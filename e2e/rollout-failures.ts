import { $ } from "zx";
import { imageName, recipes } from "../local/images/recipes.ts";
import { dataPaths } from "../local/paths.ts";
import { configure, stackName, unset } from "./test-stack.ts";

const namespace = `breakwater-${stackName}`;
const kubectl = $({ quiet: true, env: { ...process.env, KUBECONFIG: dataPaths.kubeconfig } });
const nodeImage = recipes.find(({ name }) => name === "node");

/** Why a rollout of the API fails. */
export interface RolloutFailure {
  what: string;
  /** Whether `npm test` tries it. */
  inShortForm: boolean;
  /** Changes that make the rollout fail, and what takes them back. */
  set: () => Promise<unknown>;
  reset: () => Promise<unknown>;
  /** What `pulumi up` must print. */
  prints: readonly RegExp[];
}

const quota = { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "few-pods", namespace } };

/** Failures of the first pool, which has the name `stable`. */
export const rolloutFailures: readonly RolloutFailure[] = [
  {
    what: "an image that does not exist",
    inShortForm: false,
    set: () => configure("api.pools[0].image", "localhost:5000/breakwater/none:1"),
    reset: () => unset("api.pools[0].image"),
    prints: [
      /The pod api-stable-\S+ cannot start: container api: (ErrImagePull|ImagePullBackOff)/,
      /events:\s+Failed/,
    ],
  },
  {
    what: "a program that ends",
    inShortForm: true,
    set: () => configure("api.pools[0].image", nodeImage ? imageName(nodeImage) : ""),
    reset: () => unset("api.pools[0].image"),
    prints: [/container api: CrashLoopBackOff \(exit code \d+\)/, /BackOff/],
  },
  {
    what: "a volume of a Secret that does not exist",
    inShortForm: false,
    set: async () => {
      await configure("api.pod.volumes[0].name", "ca");
      await configure("api.pod.volumes[0].secret", "none");
      await configure("api.pod.volumes[0].mountPath", "/ca");
    },
    reset: () => unset("api.pod.volumes"),
    prints: [/its containers cannot be created/, /FailedMount.*"none" not found/],
  },
  {
    what: "a label that no node has",
    inShortForm: false,
    set: () => configure("api.pod.nodeSelector.disk", "none"),
    reset: () => unset("api.pod.nodeSelector"),
    prints: [/no node takes it: .*node affinity/],
  },
  {
    what: "a quota that is used up",
    inShortForm: false,
    set: async () => {
      const spec = { hard: { pods: "1" } };
      await kubectl({ input: JSON.stringify({ ...quota, spec }) })`kubectl apply -f -`;
      await configure("api.logLevel", "warn");
    },
    reset: async () => {
      await kubectl`kubectl delete resourcequota few-pods -n ${namespace}`;
      await unset("api.logLevel");
    },
    prints: [/creates no further pods of the Deployment api-stable: .*exceeded quota/],
  },
];
