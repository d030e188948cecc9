import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";

/** An image in the files of a registry (Distribution's storage layout, version 2). */
export interface StoredImage {
  /** Such as `breakwater/api`. */
  repository: string;
  /** Of the manifest: `sha256:` and 64 hex digits. */
  digest: string;
  tags: readonly string[];
  /** When it was pushed last, in milliseconds since 1970. */
  pushedMs: number;
}

const within = (root: string, ...names: string[]): string => join(root, "docker/registry/v2", ...names);
const entriesOf = (folder: string): Promise<string[]> => readdir(folder).catch((): string[] => []);
const text = (path: string): Promise<string> => readFile(path, "utf8").catch(() => "");

/**
 * Reads the images of the repositories that this project pushes to: `breakwater/NAME`, also below another path.
 *
 * @param root folder of the registry.
 */
export async function storedImages(root: string): Promise<StoredImage[]> {
  const images: StoredImage[] = [];
  for (const repository of await repositories(within(root, "repositories"))) {
    const manifests = within(root, "repositories", repository, "_manifests");
    const tags = new Map<string, string>();
    for (const tag of await entriesOf(join(manifests, "tags")))
      tags.set(tag, (await text(join(manifests, "tags", tag, "current/link"))).trim());
    for (const hex of await entriesOf(join(manifests, "revisions/sha256"))) {
      const link = join(manifests, "revisions/sha256", hex, "link");
      const digest = `sha256:${hex}`;
      // A deleted manifest has a folder without a link.
      if ((await text(link)).trim() !== digest) continue;
      const own = [...tags].filter(([, target]) => target === digest).map(([tag]) => tag);
      const times = [link, ...own.map((tag) => join(manifests, "tags", tag, "current/link"))].map((path) =>
        stat(path),
      );
      const pushedMs = Math.max(...(await Promise.all(times)).map(({ mtimeMs }) => mtimeMs));
      images.push({ repository, digest, tags: own, pushedMs });
    }
  }
  return images;
}

async function repositories(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of await readdir(folder, { recursive: true }).catch((): string[] => []))
    if (name.endsWith("/_manifests") && /(^|\/)breakwater\/[\w.-]+\/_manifests$/.test(name))
      found.push(name.slice(0, -"/_manifests".length));
  return found;
}

/** Whether a text, such as a state or a list of pods, names an image by its tag or its digest. */
export function names(text: string, registry: string, { repository, digest, tags }: StoredImage): boolean {
  if (text.includes(digest)) return true;
  return tags.some((tag) => {
    const name = `${registry}/${repository}:${tag}`;
    for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1))
      if (!/[\w.-]/.test(text[at + name.length] ?? "")) return true;
    return false;
  });
}

/**
 * Chooses the images that nothing refers to. Images that were pushed a short time ago stay: their deployment may not be
 * recorded yet.
 *
 * @param keep names of base images, such as `breakwater/node:24`, which stay in any case.
 */
export function unusedImages(
  images: readonly StoredImage[],
  references: readonly string[],
  {
    registry,
    keep,
    nowMs,
    graceMs,
  }: { registry: string; keep: readonly string[]; nowMs: number; graceMs: number },
): StoredImage[] {
  return images.filter(
    (image) =>
      nowMs - image.pushedMs > graceMs &&
      !image.tags.some((tag) => keep.includes(`${image.repository}:${tag}`)) &&
      !references.some((each) => names(each, registry, image)),
  );
}
