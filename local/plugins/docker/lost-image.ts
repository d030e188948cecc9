import { isMap, type PropertyMap, unknown } from "../protocol/values.ts";
import { parseImageName } from "./image-name.ts";

const manifestTypes = [
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
];

/**
 * How often the pushed image of a docker.Image was gone from its registry at a deployment. It is kept as an input, because
 * the engine asks for no difference as long as inputs are equal: a higher count builds and pushes the image again.
 *
 * @param olds checked inputs of the last deployment; empty for a new resource
 * @returns undefined for an image that was never gone.
 */
export async function timesLost(olds: PropertyMap, news: PropertyMap): Promise<number | undefined> {
  const { imageName, skipPush } = news;
  if (typeof imageName !== "string" || imageName === unknown || imageName !== olds.imageName)
    return undefined;
  const before = isMap(olds.build) && typeof olds.build.timesLost === "number" ? olds.build.timesLost : 0;
  if (skipPush !== true && (await isGone(imageName))) return before + 1;
  return before === 0 ? undefined : before;
}

/**
 * Whether a registry on this machine answers that it does not have an image. Other registries are not asked: they may need
 * credentials, and do not lose images with a data folder.
 */
async function isGone(imageName: string): Promise<boolean> {
  const { registry, repository, tag } = parseImageName(imageName);
  const [, host, port] = /^(localhost|127\.0\.0\.1)(:\d+)$/.exec(registry ?? "") ?? [];
  if (host === undefined) return false;
  const path = repository.slice(`${registry}/`.length);
  const url = `http://127.0.0.1${port}/v2/${path}/manifests/${tag}`;
  const headers = { accept: manifestTypes.join(", ") };
  const signal = AbortSignal.timeout(5000);
  return fetch(url, { method: "HEAD", headers, signal }).then(
    ({ status }) => status === 404,
    () => false,
  );
}
