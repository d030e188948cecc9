/** Labels that select exactly one workload's pods; also the pods' own. */
export function selectorLabels(name: string, workload: string): Record<string, string> {
  return { "app.kubernetes.io/name": name, "app.kubernetes.io/instance": workload };
}

/** Annotation of resources that nothing later has to wait for. */
export const skipAwait = { "pulumi.com/skipAwait": "true" };
