import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** Test files of one room that run in one process. */
export interface TestGroup {
  room: string;
  /** Paths relative to the checkout. */
  files: readonly string[];
}

/**
 * Text that a test file with a process of its own contains: hooks of the whole process, a changed environment, mocks and
 * handlers of the process; or a comment that asks for a process.
 */
const needsProcess =
  /^\s*(before|beforeEach|afterEach)\(|process\.env\.\w+ = |delete process\.env|\brunProgram\(|\bmock\.|process\.(on|once|exit|chdir|kill)\(|\/\/ Needs a process of its own/m;

/**
 * Groups test files by room, so that a room's modules are loaded once. Files that would disturb others get a process
 * of their own.
 *
 * @param files paths relative to the checkout and their text.
 * @returns the group with the most text first, because it runs longest.
 */
export function groupTests(files: ReadonlyMap<string, string>): { groups: TestGroup[]; alone: string[] } {
  const rooms = new Map<string, { files: string[]; size: number }>();
  const alone: string[] = [];
  for (const [file, text] of files) {
    if (needsProcess.test(text)) {
      alone.push(file);
      continue;
    }
    const room = file.split("/")[0] ?? file;
    const { files, size } = rooms.get(room) ?? { files: [], size: 0 };
    rooms.set(room, { files: [...files, file], size: size + text.length });
  }
  const groups = [...rooms].sort(([, a], [, b]) => b.size - a.size);
  return { groups: groups.map(([room, { files }]) => ({ room, files })), alone };
}

/**
 * Writes a module for each group. It imports the group's files and then runs their tests: the first test ends when all
 * files are loaded, so that loading does not disturb tests that measure time. A file that cannot be loaded becomes a
 * failed test with the file's name, and the tests of the other files still run.
 *
 * @param folder a new folder, in which the packages of the checkout are found.
 * @param root folder that the files' paths are relative to.
 * @returns the paths of the modules.
 */
export function writeGroups(groups: readonly TestGroup[], folder: string, root: string): string[] {
  mkdirSync(folder, { recursive: true });
  return groups.map(({ room, files }) => {
    const path = join(folder, `${room}.test.mjs`);
    const urls = files.map((file) => [file, pathToFileURL(join(root, file)).href]);
    writeFileSync(
      path,
      `const room = ${JSON.stringify(room)};\nconst files = ${JSON.stringify(urls)};\n${runner}`,
    );
    return path;
  });
}

const runner = `
import { test } from "node:test";

async function load() {
  for (const [file, url] of files)
    await import(url).catch((error) => {
      // This is not awaited, because it runs after the test that waits for this function.
      test(file + " loads", () => Promise.reject(error));
    });
}

const loaded = load();
test("the test files of " + room + " are loaded", () => loaded);
`;
