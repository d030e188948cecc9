/** The n-th Fibonacci number, counted the slow way: work for one core, no memory. Runs in a worker thread. */
export default function fibonacci(n: number): number {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}
