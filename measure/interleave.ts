/** One repeat to make: which variant, and in which round. Repeats of one round are next to each other in time. */
export interface Turn<T> {
  round: number;
  variant: T;
}

/**
 * The order of repeats in which drift (a machine that warms up, a disk that fills) treats all variants alike: each round
 * has every variant once, forwards or backwards. With two variants A B, B A, B A, A B, …
 *
 * The directions follow the Thue–Morse sequence. In any even number of rounds each variant has the same mean place, so
 * that a steady drift cancels; in a multiple of four, for two variants, one that grows with the square of time as well.
 *
 * @param variants at least two
 * @param rounds an even number from 2: how many repeats each variant gets
 * @throws RangeError outside these ranges.
 */
export function interleave<T>(variants: readonly T[], rounds: number): Turn<T>[] {
  if (variants.length < 2)
    throw new RangeError("there is nothing to interleave with fewer than two variants");
  if (!Number.isInteger(rounds) || rounds < 2 || rounds % 2 === 1) {
    throw new RangeError(`${rounds} rounds: drift cancels in an even number of them, from 2`);
  }
  return Array.from({ length: rounds }, (_, round) => {
    const inOrder = isEvenlySet(round) ? variants : variants.toReversed();
    return inOrder.map((variant) => ({ round, variant }));
  }).flat();
}

/** Whether an even number of the round's binary digits are 1. */
function isEvenlySet(round: number): boolean {
  let even = true;
  for (let rest = round; rest > 0; rest >>= 1) if (rest & 1) even = !even;
  return even;
}
