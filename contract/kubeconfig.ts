import { delimiter, join, resolve } from "node:path";

/** The embedded cluster's kubeconfig, unless `BREAKWATER_KUBECONFIG` names another file. */
export const embeddedKubeconfig = "/var/lib/breakwater/kubeconfig";

/** The context in the embedded cluster's kubeconfig. */
export const embeddedContext = "breakwater";

/** Variables that name the home folder: the second is that of Windows. */
interface HomeEnvironment {
  HOME?: string;
  USERPROFILE?: string;
}

const homeOf = ({ HOME, USERPROFILE }: HomeEnvironment): string => HOME ?? USERPROFILE ?? "/";

/** Returns the files of `$KUBECONFIG`, a list of paths, else `~/.kube/config`: the files that kubectl reads. */
export function kubeconfigsOf(env: HomeEnvironment & { KUBECONFIG?: string }): string[] {
  const listed = (env.KUBECONFIG ?? "").split(delimiter).filter((path) => path !== "");
  return listed.length > 0 ? listed : [join(homeOf(env), ".kube", "config")];
}

/** Returns an absolute path: `~/` is the home folder, and a relative path starts at `folder`. */
export function expandPath(path: string, env: HomeEnvironment, folder: string): string {
  return path.startsWith("~/") ? join(homeOf(env), path.slice(2)) : resolve(folder, path);
}
