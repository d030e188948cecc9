/**
 * Ends the program when nothing reads its output any more, because Pulumi was killed. Pulumi's runtime logs every error, and
 * each failed write would be another one: the process would take a core and more and more memory until it is ended by hand.
 */
export function endWithoutReader(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => process.exit(1));
}
