import type { ClusterReader } from "../cluster-reader.ts";
import type { VolumePlan } from "../volume-plan.ts";

/** A cluster without objects, on which every rollout has ended. */
export const idleCluster: ClusterReader = {
  getJson: async <T>() => ({ items: [], metadata: {}, spec: { replicas: 0 }, status: {} }) as T,
  getText: async () => "",
  patch: async () => {},
  delete: async () => {},
};

/** The plan for volumes that do not exist yet. */
export const newVolumes: VolumePlan = {
  templateName: "data",
  keepsTemplate: false,
  isReplaced: false,
  isPresent: false,
  made: undefined,
  growths: [],
  problems: [],
  notices: [],
};
