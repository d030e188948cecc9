/** The paths that are served, with their methods: to tell a wrong method from a wrong path. */
export class RouteMethods {
  readonly #routes: { segments: string[]; method: string }[] = [];

  /** @param pattern as given to the router: literal segments and `:name` */
  add(method: string, pattern: string): void {
    this.#routes.push({ segments: pattern.split("/"), method });
  }

  /** Methods that are served at a path, sorted; none: there is no such path. */
  at(path: string): string[] {
    const wanted = path.split("/");
    const methods = this.#routes
      .filter(
        ({ segments }) =>
          segments.length === wanted.length &&
          segments.every((segment, at) =>
            segment.startsWith(":") ? wanted[at] !== "" : segment === wanted[at],
          ),
      )
      .map(({ method }) => method);
    return [...new Set(methods)].sort();
  }
}
