import { listOf, mapOf, section } from "../options/collections.ts";
import type { Report, ShapeValue, ValueOf } from "../options/option.ts";
import { integer, oneOf, spelling, text } from "../options/scalars.ts";
import { objectName } from "./names.ts";

const dnsName = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const key = {
  pattern: new RegExp(`^((?=[^/]{1,253}/)${dnsName}/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`),
  rule: "must be a Kubernetes key: letters, digits, -, _ and ., at most 63, after an optional DNS name and /",
};
const selectorKey = { rule: "is a label that the stack itself sets", fix: "rename the label" };
const labelKey = {
  ...key,
  taken: { "app.kubernetes.io/name": selectorKey, "app.kubernetes.io/instance": selectorKey },
};
const labelValue = spelling({ pattern: /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/, rule: "must be a label value: letters, digits, -, _ and ., at most 63, or empty", doc: "" });

const toleration = section(
  "A taint that the pods tolerate.",
  {
    key: text({ ...key, doc: "Key of the taint. Without it: every key, with `operator: Exists`." }),
    operator: oneOf(["Exists", "Equal"], { doc: "How the value is compared. Without it: `Equal`." }),
    value: text({ pattern: /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/, rule: "must be the value of a taint: letters, digits, -, _ and ., at most 63", doc: "Value of the taint, with `operator: Equal`." }),
    effect: oneOf(["NoSchedule", "PreferNoSchedule", "NoExecute"], { doc: "Effect of the taint. Without it: every effect." }),
    tolerationSeconds: integer({ min: 0, max: 2 ** 31 - 1, doc: "Seconds that a pod stays on the node after a taint with `effect: NoExecute` appeared. Without it: without limit." }),
  },
  {
    check: ({ key, operator, value, effect, tolerationSeconds }, path, report) => {
      if (key === undefined && operator !== "Exists")
        report({
          path: `${path}.operator`,
          value: operator,
          rule: "must be Exists in a toleration without a key",
        });
      if (operator === "Exists" && value !== undefined) report({ path: `${path}.value`, value, rule: "must be absent with operator Exists" });
      if (tolerationSeconds !== undefined && effect !== "NoExecute") report({ path: `${path}.effect`, value: effect, rule: "must be NoExecute with tolerationSeconds" });
    },
  },
);

const sources = ["secret", "configMap", "persistentVolumeClaim"] as const;

const volume = section(
  "A volume with files.",
  {
    name: text({ pattern: /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, rule: "must be a DNS label: lower-case letters, digits and dashes, at most 63", required: true, doc: "Name of the volume in the pod." }),
    mountPath: text({ pattern: /^(\/(?!\.{1,2}(\/|$))[^/:\s]+)+$/, rule: "must be an absolute path like /etc/ca, without . or .., : or a space, and without a / at the end", required: true, doc: "Path in every container of the pod; read-only." }),
    secret: text({ ...objectName, doc: "Name of the Secret whose keys are the files." }),
    configMap: text({ ...objectName, doc: "Name of the ConfigMap whose keys are the files." }),
    persistentVolumeClaim: text({ ...objectName, doc: "Name of the claim that has the files." }),
  },
  {
    check: (value, path, report) => {
      const given = sources.filter((source) => value[source] !== undefined);
      if (given.length === 1) return;
      const found = given.length === 0 ? undefined : given.join(", ");
      report({ path, value: found, rule: `must have exactly one of ${sources.join(", ")}` });
    },
    schema: { oneOf: sources.map((source) => ({ required: [source] })) },
  },
);

/** Folders that the container runtime itself mounts. */
const runtimePaths = ["/proc", "/sys", "/dev"];

/** A rule for volumes: their names and paths differ from each other and from the stack's own. */
function checkVolumes(stackVolumes: Readonly<Record<string, string>>, stackPaths: readonly string[]) {
  return ({ volumes }: { volumes: ValueOf<typeof volume>[] }, path: string, report: Report): void => {
    const names = Object.keys(stackVolumes);
    const paths = [...Object.values(stackVolumes), ...stackPaths, ...runtimePaths];
    for (const [index, { name, mountPath }] of volumes.entries()) {
      const at = `${path}.volumes[${index}]`;
      if (names.includes(name))
        report({
          path: `${at}.name`,
          value: name,
          rule: "must be a name that no other volume of the pod has",
          fix: `use another name than ${names.join(", ")}`,
        });
      const taken = paths.find((other) => `${other}/`.startsWith(`${mountPath}/`) || mountPath.startsWith(`${other}/`));
      if (taken !== undefined)
        report({
          path: `${at}.mountPath`,
          value: mountPath,
          rule: `must be neither above nor below another path of the pod, which is ${taken}`,
          fix: "use another path",
        });
      names.push(name);
      paths.push(mountPath);
    }
  };
}

/**
 * Additions to the pods of one workload.
 *
 * @param stackVolumes mount paths of the workload's own volumes by name, which additional volumes may not use
 * @param stackPaths further paths that additional volumes may not cover
 */
export const pod = (stackVolumes: Readonly<Record<string, string>>, stackPaths: readonly string[] = []) => {
  const additions = section("Additions to the pods: see [pod](#pod).", podOptions, {
    check: checkVolumes(stackVolumes, stackPaths),
  });
  return { ...additions, schema: { $ref: "#/definitions/pod" } };
};

/** Options for the pods of any workload. */
export const podOptions = {
  labels: mapOf(labelKey, labelValue, { default: {}, doc: "Additional labels of the pods." }),
  annotations: mapOf(key, spelling({ doc: "" }), { default: {}, doc: "Annotations of the pods." }),
  nodeSelector: mapOf(key, labelValue, { default: {}, doc: "Labels of the nodes that the pods may run on." }),
  tolerations: listOf(toleration, { default: [], doc: "Taints of nodes that the pods tolerate." }),
  priorityClassName: text({ ...objectName, doc: "PriorityClass of the pods. Without it: the cluster's default priority." }),
  imagePullSecrets: listOf(text({ ...objectName, doc: "" }), {
    default: [],
    unique: true,
    doc: "Names of Secrets with credentials for the registries of the pods' images.",
  }),
  volumes: listOf(volume, { default: [], doc: "Volumes with files, mounted read-only into every container of the pods. Each has exactly one source." }),
};

/** Additions to the pods of one workload. */
export type PodConfig = ShapeValue<typeof podOptions>;
