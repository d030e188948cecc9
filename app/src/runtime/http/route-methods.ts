/** The served paths with their methods, to distinguish a wrong method from a wrong path. */
export class RouteMethods {
  readonly #routes: { segments: string[]; method: string }[] = [];

  /** @param pattern in the router's syntax: literal segments and `:name` */
  add(method: string, pattern: string): void {
    this.#routes.push({ segments: pattern.split("/"), method });
  }

  /**
   * Methods that a path is served by, sorted; empty if there is no such path.
   *
   * @param path as received, percent-encoded; `*`: the server itself, with the methods of all paths
   */
  methodsOf(path: string): string[] {
    const requested = decoded(path).split("/");
    const methods = this.#routes
      .filter(
        ({ segments }) =>
          path === "*" ||
          (segments.length === requested.length &&
            segments.every((segment, index) =>
              segment.startsWith(":") ? requested[index] !== "" : segment === requested[index],
            )),
      )
      .map(({ method }) => method);
    return [...new Set(methods)].sort();
  }
}

/** Decodes like the router: `%2F` separates no segments. A malformed path is returned as it is. */
function decoded(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}
