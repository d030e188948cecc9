/**
 * The Universal Scalability Law: X(N) = λN / (1 + σ(N − 1) + κN(N − 1)).
 * N. J. Gunther, "A General Theory of Computational Scalability Based on Rational Functions", arXiv:0808.1431 (2008), and
 * "Guerrilla Capacity Planning", Springer (2007).
 */
export interface ScalingLaw {
  /** λ: requests per second of one pod. */
  lambda: number;
  /** σ ≥ 0, contention: the share of the work that pods do one after the other, such as in one database. */
  sigma: number;
  /** κ ≥ 0, coherency: the cost of what every pod exchanges with every other; it makes more pods slower in the end. */
  kappa: number;
}

/** The capacity of one number of pods. */
export interface CapacityPoint {
  pods: number;
  /** Requests per second. */
  rate: number;
}

/** Which parameters a fit may choose; the other ones are 0. */
export interface FreeParameters {
  sigma: boolean;
  kappa: boolean;
}

/** Requests per second of a number of pods, by the law. */
export function capacityOf({ lambda, sigma, kappa }: ScalingLaw, pods: number): number {
  return (lambda * pods) / (1 + sigma * (pods - 1) + kappa * pods * (pods - 1));
}

/** The number of pods with the highest capacity; Infinity: each pod adds some. From 1. */
export function peakPods({ sigma, kappa }: ScalingLaw): number {
  if (kappa <= 0) return Number.POSITIVE_INFINITY;
  return Math.max(1, Math.sqrt(Math.max(0, 1 - sigma) / kappa));
}

/**
 * Fits the law by least squares of relative errors.
 *
 * In N / X the law is linear: 1/λ + (σ/λ)(N − 1) + (κ/λ)N(N − 1). Rows are divided by N / X, so that each error is relative.
 * σ and κ must not be negative. With two such parameters the optimum is the best of the four fits in which each is free or
 * 0, of those without a negative one; no iteration is needed.
 *
 * @param points at least one, with positive finite numbers
 * @throws {RangeError} when there is no point, or one is not positive and finite
 */
export function fitLaw(
  points: readonly CapacityPoint[],
  free: FreeParameters = { sigma: true, kappa: true },
): ScalingLaw {
  if (points.length === 0) throw new RangeError("a fit needs at least one point");
  for (const { pods, rate } of points)
    if (!(pods >= 1 && rate > 0 && Number.isFinite(pods) && Number.isFinite(rate)))
      throw new RangeError(`a point must have at least one pod and a positive rate, not ${pods} and ${rate}`);
  const rows = rowsOf(points);
  let best: { error: number; solution: readonly number[] } | undefined;
  for (const columns of [[0], [0, 1], [0, 2], [0, 1, 2]]) {
    if ((columns.includes(1) && !free.sigma) || (columns.includes(2) && !free.kappa)) continue;
    const solution = leastSquares(rows, columns);
    if (solution?.some((value) => value < 0) !== false || !((solution[0] ?? 0) > 0)) continue;
    const error = squaredError(rows, solution);
    if (!best || error < best.error * (1 - 1e-9)) best = { error, solution };
  }
  const [a = 1, b = 0, c = 0] = best?.solution ?? [];
  return { lambda: 1 / a, sigma: b / a, kappa: c / a };
}

/**
 * Fits the law as `fitLaw` does, but σ and κ may be negative: for the spread of an estimate, which a bound would hide.
 *
 * @returns undefined when three parameters are not determined, or the fit makes no sense
 */
export function fitUnbounded(points: readonly CapacityPoint[]): ScalingLaw | undefined {
  const [a = 0, b = 0, c = 0] = leastSquares(rowsOf(points), [0, 1, 2]) ?? [];
  return a > 0 ? { lambda: 1 / a, sigma: b / a, kappa: c / a } : undefined;
}

/** A row for each point: the law's terms, divided by N / X. */
function rowsOf(points: readonly CapacityPoint[]): number[][] {
  return points.map(({ pods, rate }) => {
    const weight = rate / pods;
    return [weight, (pods - 1) * weight, pods * (pods - 1) * weight];
  });
}

/** Solves rows · solution = 1 for the given columns; the others are 0. @returns undefined when they are not independent */
function leastSquares(rows: readonly number[][], columns: readonly number[]): number[] | undefined {
  const matrix = columns.map((row) => [
    ...columns.map((column) => sumOf(rows, (each) => (each[row] ?? 0) * (each[column] ?? 0))),
    sumOf(rows, (each) => each[row] ?? 0),
  ]);
  for (const [index, pivot] of matrix.entries()) {
    const head = pivot[index] ?? 0;
    const scale = sumOf(rows, (each) => (each[columns[index] ?? 0] ?? 0) ** 2);
    if (!(head > scale * 1e-10)) return undefined;
    for (const [other, row] of matrix.entries()) {
      if (other === index) continue;
      const share = (row[index] ?? 0) / head;
      for (const [at, value] of pivot.entries()) row[at] = (row[at] ?? 0) - share * value;
    }
  }
  const solution = [0, 0, 0];
  for (const [index, column] of columns.entries())
    solution[column] = (matrix[index]?.at(-1) ?? 0) / (matrix[index]?.[index] ?? 1);
  return solution;
}

function squaredError(rows: readonly number[][], solution: readonly number[]): number {
  return sumOf(rows, (row) => (1 - sumOf(row, (value, at) => value * (solution[at] ?? 0))) ** 2);
}

function sumOf<T>(values: readonly T[], of: (value: T, index: number) => number): number {
  return values.reduce((sum, value, index) => sum + of(value, index), 0);
}
