import { columns } from "../../host/table.ts";
import { type Connection, isAsDrawn } from "./connections.ts";

/** A line for each kind of source: what was open, and how many of the other connections were refused. */
export function connectionTable(connections: readonly Connection[]): string {
  const kinds = [...new Set(connections.map(({ source }) => source.kind))];
  const rows = kinds.map((kind) => {
    const own = connections.filter(({ source }) => source.kind === kind);
    const pods = new Set(own.map(({ source }) => source.name)).size;
    const open = own.filter(({ outcome }) => outcome === "open");
    const destinations = [...new Set(open.map(({ target }) => destinationOf(target)))].join(" ");
    const wrong = own.filter((each) => !isAsDrawn(each)).length;
    return [
      wrong === 0 ? "✓" : "✗",
      `${kind}${pods > 1 ? ` (${pods} pods)` : ""}`,
      String(open.length),
      String(own.length - open.length),
      String(wrong),
      destinations,
    ];
  });
  return columns([["", "from", "open", "refused", "not as drawn", "open to"], ...rows], [2, 3, 4]);
}

/** A line for each connection that is not as drawn. */
export function differences(connections: readonly Connection[]): string[] {
  return connections
    .filter((each) => !isAsDrawn(each))
    .map(({ source, target, isDrawn, outcome }) => {
      const drawn = isDrawn ? "is drawn" : "is not drawn";
      return `${source.name} → ${target.name}:${target.port}/${target.protocol} ${drawn}, and was ${outcome === "open" ? "open" : `refused (${outcome})`}`;
    });
}

function destinationOf({ kind, port, protocol }: Connection["target"]): string {
  return `${kind}:${port}${protocol === "UDP" ? "/UDP" : ""}`;
}
