import { endCommands } from "./running-commands.ts";

/**
 * Does several pieces of work at the same time. When one fails, the programs that this process runs are ended, and the
 * error is thrown when all pieces have ended. Only the first error counts, because the others follow from it.
 *
 * @returns the results, in the order of the pieces.
 * @throws {Error} the first error of a piece.
 */
export async function together<Results extends readonly unknown[]>(
  ...pieces: { [Index in keyof Results]: () => Promise<Results[Index]> }
): Promise<Results> {
  let failure: { error: unknown } | undefined;
  const results = await Promise.all(
    pieces.map(async (piece: () => Promise<unknown>) => {
      try {
        return await piece();
      } catch (error) {
        if (failure !== undefined) return undefined;
        failure = { error };
        await endCommands();
        return undefined;
      }
    }),
  );
  if (failure !== undefined) throw failure.error;
  return results as unknown as Results;
}
