/** A step of `pulumi preview --json`. */
interface PreviewStep {
  op?: string;
  urn?: string;
  detailedDiff?: Record<string, unknown> | null;
  newState?: { inputs?: { spec?: { template?: { spec?: { containers?: { image?: unknown }[] } } } } };
}

/** What a plain `pulumi up` of this checkout would change. */
export interface PlannedChanges {
  /** Whether the pods of the API change. */
  api: boolean;
  /** Image of the API's Deployment; undefined: the stack has none without `api.pools`. */
  image: string | undefined;
  /** Changes that going back does not take back, such as `ConfigMap nginx`. */
  kept: string[];
  /** Changes of Redis' topology, and of storage. */
  persistent: string[];
  /** Services of the API whose ports change. The gateway and the NetworkPolicies know one port, for both versions. */
  ports: string[];
  /** Whether anything changes. */
  any: boolean;
}

const apiUrnEnd = "breakwater:k8s:Api$kubernetes:apps/v1:Deployment::api";
/** Paths of a StatefulSet that shape the cluster or its volumes. */
const shaping = /^spec\.(replicas|volumeClaimTemplates)|breakwater\.dev\/(made|redis-server)/;

/**
 * Reads the output of `pulumi preview --json`.
 *
 * @returns undefined when it is none
 */
export function plannedChanges(json: string): PlannedChanges | undefined {
  const preview = parse(json);
  if (preview === undefined) return undefined;
  const steps = (preview.steps ?? []).filter(({ op = "same" }) => op !== "same" && op !== "read");
  const resources = steps.map((step) => ({ ...step, ...named(step.urn ?? "") }));
  const deployment = (preview.steps ?? []).find(({ urn = "" }) => urn.endsWith(apiUrnEnd));
  const image = deployment?.newState?.inputs?.spec?.template?.spec?.containers?.[0]?.image;
  const changed = resources.filter(({ type }) => type.startsWith("kubernetes:"));
  const isApi = ({ parents }: { parents: string }) => parents.includes("breakwater:k8s:Api$");
  const persistent = changed
    .filter(({ type }) => /StatefulSet$|PersistentVolumeClaim$/.test(type))
    .filter(({ op = "", detailedDiff }) => {
      const paths = Object.keys(detailedDiff ?? {});
      return op !== "update" || paths.some((path) => shaping.test(path.replaceAll(/\["?|"?\]/g, ".")));
    })
    .map(({ op, type, name }) => `${op} of ${kindOf(type)} ${name}`);
  const ports = changed
    .filter((step) => isApi(step) && step.type.endsWith(":Service") && step.op !== "create")
    .filter(({ op = "", detailedDiff }) => {
      const paths = Object.keys(detailedDiff ?? {});
      return op !== "delete" && paths.some((path) => path.startsWith("spec.ports"));
    })
    .map(({ name }) => name);
  const growths = (preview.diagnostics ?? [])
    .map(({ message = "" }) => /the volume of .* grows from .*/.exec(message)?.[0])
    .filter((message) => message !== undefined);
  return {
    image: typeof image === "string" ? image : undefined,
    api: changed.some((step) => isApi(step) && /Deployment$|Secret$/.test(step.type)),
    kept: [
      ...new Set(
        changed
          .filter((step) => !isApi(step) && !isByImageOnly(step.detailedDiff))
          .map(({ type, name }) => `${kindOf(type)} ${name}`),
      ),
    ],
    persistent: [...new Set([...persistent, ...growths])],
    ports: [...new Set(ports)],
    any: resources.length > 0 || growths.length > 0,
  };
}

interface Preview {
  steps?: PreviewStep[];
  diagnostics?: { message?: string; severity?: string }[];
}

/** The errors in the output of `pulumi preview --json`, as one text. */
export function previewErrors(json: string): string {
  const errors = (parse(json)?.diagnostics ?? []).filter(({ severity }) => severity === "error");
  return errors.map(({ message = "" }) => message.trim()).join("; ");
}

function parse(json: string): Preview | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The kit's own programs run in the API's image, and keep theirs until the release has passed. */
function isByImageOnly(diff: PreviewStep["detailedDiff"]): boolean {
  const paths = Object.keys(diff ?? {});
  return paths.length > 0 && paths.every((path) => /containers\[\d+\]\.image$/.test(path));
}

function named(urn: string): { parents: string; type: string; name: string } {
  const [, , types = "", name = ""] = /^urn:pulumi:(.*?)::.*?::(.*)::(.*)$/.exec(urn) ?? [];
  const end = types.lastIndexOf("$") + 1;
  return { parents: types.slice(0, end), type: types.slice(end), name };
}

function kindOf(type: string): string {
  return type.slice(type.lastIndexOf(":") + 1);
}
