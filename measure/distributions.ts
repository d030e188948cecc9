/** Share of a standard normal distribution below `z`, to 1e-7 (Abramowitz & Stegun 1964, 26.2.17). */
export function normalCdf(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const series =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * series;
  return z > 0 ? 1 - tail : tail;
}

/** The z below which a `share` (above 0, below 1) of the standard normal distribution lies. @throws {RangeError} when out of range */
export function normalQuantile(share: number): number {
  return invert(normalCdf, share);
}

/**
 * The t below which a `share` (above 0, below 1) of Student's t distribution lies.
 *
 * @param degrees degrees of freedom, a whole number from 1
 * @throws {RangeError} when an argument is outside its range
 */
export function studentQuantile(share: number, degrees: number): number {
  if (!Number.isInteger(degrees) || degrees < 1)
    throw new RangeError(`degrees of freedom are ${degrees}; they must be a whole number from 1`);
  return invert((t) => studentCdf(t, degrees), share);
}

/** Closed form for whole degrees of freedom (Abramowitz & Stegun 1964, 26.7.3 and 26.7.4). */
function studentCdf(t: number, degrees: number): number {
  const angle = Math.atan(t / Math.sqrt(degrees));
  const cosine = Math.cos(angle);
  const odd = degrees % 2 === 1;
  let term = odd ? cosine : 1;
  let sum = degrees === 1 ? 0 : term;
  for (let k = odd ? 3 : 2; k < degrees; k += 2) {
    term *= ((k - 1) / k) * cosine ** 2;
    sum += term;
  }
  const between = odd ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
  return (1 + between) / 2;
}

function invert(cdf: (at: number) => number, share: number): number {
  if (!(share > 0 && share < 1))
    throw new RangeError(`a share of ${share} has no quantile; it must be between 0 and 1`);
  let low = -1;
  let high = 1;
  while (cdf(low) > share) low *= 2;
  while (cdf(high) < share) high *= 2;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (cdf(middle) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
