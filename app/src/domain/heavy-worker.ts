/** Computes the n-th Fibonacci number by plain recursion: CPU work without memory. Runs in a worker thread. */
export default function fibonacci(n: number): number {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}
