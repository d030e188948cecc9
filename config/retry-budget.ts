import type { NginxConfig } from "./sections/nginx.ts";

/** Methods whose requests may reach a second pod after the first one has received them. */
export const repeatedMethods: readonly string[] = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"];

/** Whether the methods that reach the API contain one whose requests may be repeated. */
export function repeatsRequests({ methods }: Pick<NginxConfig, "methods">): boolean {
  return methods?.some((method) => repeatedMethods.includes(method)) ?? true;
}

/** Whether the gateway bounds how many requests reach a second pod. */
export function hasRetryBudget(nginx: Pick<NginxConfig, "methods" | "retryBudget">): boolean {
  return nginx.retryBudget.percent < 100 && repeatsRequests(nginx);
}

/** Whether Nginx loads its JavaScript module. */
export function hasJavaScript(nginx: Pick<NginxConfig, "methods" | "retryBudget" | "metrics">): boolean {
  return nginx.metrics || hasRetryBudget(nginx);
}
