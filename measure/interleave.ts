/** One repeat: its variant and its round. Repeats of one round are next to each other in time. */
export interface Turn<T> {
  round: number;
  variant: T;
}

/**
 * An order of repeats in which drift (a machine that warms up, a disk that fills) affects all variants equally. Each
 * round has every variant once, forwards or backwards: A B, B A, B A, A B, … for two variants.
 *
 * The directions follow the Thue–Morse sequence. In an even number of rounds each variant has the same mean position,
 * so that linear drift cancels out. For two variants and a multiple of four rounds, quadratic drift cancels out too.
 *
 * @param variants at least two
 * @param rounds repeats of each variant, an even number from 2
 * @throws {RangeError} when an argument is outside its range
 */
export function interleave<T>(variants: readonly T[], rounds: number): Turn<T>[] {
  if (variants.length < 2) throw new RangeError("interleave needs at least two variants");
  if (!Number.isInteger(rounds) || rounds < 2 || rounds % 2 === 1) {
    throw new RangeError(`rounds are ${rounds}; they must be an even number from 2`);
  }
  return Array.from({ length: rounds }, (_, round) => {
    const inOrder = hasEvenParity(round) ? variants : variants.toReversed();
    return inOrder.map((variant) => ({ round, variant }));
  }).flat();
}

/** Whether an even number of the round's binary digits is 1: an element of the Thue–Morse sequence. */
function hasEvenParity(round: number): boolean {
  let even = true;
  for (let rest = round; rest > 0; rest >>= 1) if (rest & 1) even = !even;
  return even;
}
