/** Directives of one concern by the block that they belong to, one a line, without indentation. */
export interface Directives {
  /** Before all blocks. */
  main?: string;
  /** Block `http`. */
  http?: string;
  /** Block `server`: directives and locations. */
  server?: string;
  /** Each location whose requests go to the API, uploads and all, before its `proxy_pass` and the directives of `toPods`. */
  api?: string;
  /** Each location whose requests go to pods, before its `proxy_pass`; uploads, whose bodies are not buffered, excepted. */
  toPods?: string;
}

/** The blocks that directives can belong to. */
export type Block = keyof Directives;

/** Joins the directives of all concerns for one block, indented by so many spaces. */
export function directivesOf(concerns: readonly Directives[], block: Block, indent: number): string {
  return concerns
    .flatMap((concern) => concern[block] ?? [])
    .map((text) => indented(text, indent))
    .join("\n\n");
}

/** Indents each line that is not empty. */
export function indented(text: string, spaces: number): string {
  return text.replaceAll(/^(?=.)/gm, " ".repeat(spaces));
}
