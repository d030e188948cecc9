import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Test files of one room that run in one process. */
export interface TestGroup {
  room: string;
  /** Paths relative to the checkout. */
  files: readonly string[];
}

/**
 * What a test file must not contain to share a process: hooks of the whole process, a changed environment, mocks and
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
 * Writes a module for each group that imports the group's files in turn. A file that cannot be imported becomes a
 * failed test with the file's name, and the others still run.
 *
 * @param folder a new folder, in which the packages of the checkout are found.
 * @param root folder that the files' paths are relative to.
 * @returns the paths of the modules.
 */
export function writeGroups(groups: readonly TestGroup[], folder: string, root: string): string[] {
  mkdirSync(folder, { recursive: true });
  return groups.map(({ room, files }) => {
    const path = join(folder, `${room}.test.mjs`);
    const imports = files.map((file) => `await load(${JSON.stringify(file)});\n`);
    writeFileSync(path, `${loader(root)}\n${imports.join("")}`);
    return path;
  });
}

const loader = (root: string): string => `import { test } from "node:test";
import { pathToFileURL } from "node:url";

async function load(file) {
  try {
    await import(new URL(file, pathToFileURL(${JSON.stringify(`${root}/`)})));
  } catch (error) {
    test(\`\${file} loads\`, () => Promise.reject(error));
  }
}
`;
