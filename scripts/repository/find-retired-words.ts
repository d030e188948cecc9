import { retiredWords } from "./retired-words.ts";
import type { TextFile } from "./text-files.ts";

/** A retired word in a file. */
export interface RetiredUse {
  path: string;
  /** Line number from 1. */
  line: number;
  found: string;
  say: string;
}

/** Texts that have to name the retired words, with the reason. `line`: only these lines are skipped. */
const exemptions: readonly { path: string; line?: RegExp; reason: string }[] = [
  ...["retired-words.ts", "retired-words.test.ts", "find-retired-words.ts"].map((file) => ({
    path: `scripts/repository/${file}`,
    reason: "the check of the retired words",
  })),
  {
    path: "loadtest/compare/baseline.ts",
    line: /const scenariosKey = /,
    reason: "the name of a field in the baselines that users have saved",
  },
  {
    path: "loadtest/compare/baseline.test.ts",
    line: /^ +\["\w+"\],$/,
    reason: "the test of that name",
  },
  ...["internal-server.ts", "internal-server.test.ts"].map((file) => ({
    path: `app/src/runtime/http/${file}`,
    line: /figures: result\.numbers|json\.figures/,
    reason: "a field of the response to a refused heap snapshot, which operators parse",
  })),
  { path: "docs/style.md", line: /^\|/, reason: "tables that put the retired words beside the plain ones" },
];

const sayInstead = new Map(
  retiredWords.flatMap(({ spellings, say }) => spellings.map((spelling) => [spelling, say] as const)),
);
const anySpelling = new RegExp(`\\b(?:${[...sayInstead.keys()].join("|")})\\b`, "g");

/** Every retired word in the files, in the order of the files and lines. Parts of identifiers count. */
export function findRetiredWords(files: readonly TextFile[]): RetiredUse[] {
  return files.flatMap(({ path, text }) => {
    const skipped = exemptions.filter((exemption) => exemption.path === path);
    return text.split("\n").flatMap((line, index) => {
      if (skipped.some((exemption) => exemption.line === undefined || exemption.line.test(line))) return [];
      return retiredIn(line).map(([found, say]) => ({ path, line: index + 1, found, say }));
    });
  });
}

function retiredIn(line: string): [found: string, say: string][] {
  const words = line.match(/\p{Lu}+(?!\p{Ll})|\p{Lu}?\p{Ll}+/gu) ?? [];
  const found = words.join(" ").toLowerCase().match(anySpelling) ?? [];
  return found.map((spelling) => [spelling, sayInstead.get(spelling) ?? ""]);
}
