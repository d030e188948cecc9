/** Runs in a worker thread. */
export default (/** @type {number} */ n) => fibonacci(n);

/** @param {number} n @returns {number} */
function fibonacci(n) {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}
