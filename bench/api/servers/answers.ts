// Settings and response bodies that all servers of the comparison share.

export const port = Number(process.env.PORT);
/** The same as in the API: clients get it in a header. */
export const keepAliveTimeoutMs = 72_000;
export const contentType = "application/json; charset=utf-8";

/** The same user that the API reads from its cache. */
export function user(id: number) {
  return {
    id,
    name: `User ${String(id).padStart(4, "0")}`,
    email: `user-${String(id).padStart(4, "0")}@example.org`,
    updatedAt: "2026-01-01T00:00:00.000Z",
  };
}

/** The heavy task, computed inline. */
export function fibonacci(n: number): number {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}
