import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What package.json says about the licence of a package. */
interface PackageFacts {
  name: string;
  version: string;
  license?: string;
  author?: string | { name: string };
}

/**
 * Finds the packages that source files belong to.
 *
 * @param sources absolute paths, such as the inputs of a bundle
 * @returns the folders of the packages, each once; files outside of node_modules belong to none.
 */
export function packageFolders(sources: readonly string[]): string[] {
  const folders = sources.flatMap(
    (path) => /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+(?=[\\/])/.exec(path) ?? [],
  );
  return [...new Set(folders)];
}

/**
 * Renders the notices that licences ask for when code of packages is passed on: name, version, licence, and the texts of
 * the files LICENSE, COPYING and NOTICE of each package. A package without such a file is named with its licence and author.
 * Equal packages give equal text on every machine.
 *
 * @throws {Error} when a folder has no readable package.json, or a package has neither a licence nor a text of one.
 */
export function renderNotices(folders: readonly string[]): string {
  const notices = new Map(folders.map(noticeOf));
  const sorted = [...notices].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([title, text]) => `${title}\n\n${text}\n`).join(`\n${"-".repeat(80)}\n\n`);
}

function noticeOf(folder: string): [title: string, text: string] {
  const facts = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as PackageFacts;
  const { name, version, license, author } = facts;
  const texts = readdirSync(folder)
    .filter((file) => /^(licen[cs]e|copying|notice)(\.(md|txt))?$/i.test(file))
    .sort()
    .map((file) => readFileSync(join(folder, file), "utf8").replace(/\r\n?/g, "\n").trim());
  if (license === undefined && texts.length === 0)
    throw new Error(`${name} ${version} has no licence in its package.json, and no file with one`);
  const by = typeof author === "object" ? author.name : author;
  const missing = `This package has no file with its licence. Author: ${by ?? "not named"}.`;
  return [`${name} ${version} (${license ?? "see below"})`, texts.length > 0 ? texts.join("\n\n") : missing];
}
