import type { StepMetrics } from "../sizing/step-metrics.ts";

/**
 * How a step ended: all gates passed; a gate failed, or the stack did not keep up with the rate; the step says nothing
 * about the stack, for example because the load generator was the limit.
 */
export type StepVerdict = "pass" | "fail" | "invalid";

/** The part of a step that the search decides by. */
export interface StepResult {
  /** Number of API pods. */
  pods: number;
  /** From 1: how often this number of pods is searched. */
  round: number;
  /** Requests per second that were due; null: the probe, in which each connection waits for its responses. */
  rate: number | null;
  verdict: StepVerdict;
  /** Good responses per second. */
  achieved: number;
}

/** A load of a few seconds at one rate, as it was measured. */
export interface MeasuredStep extends StepResult {
  /** Why it has this verdict, in one sentence. */
  reason: string;
  /** Null when nothing was measured. */
  p99Ms: number | null;
  /** When the step began, epoch ms. */
  startedMs: number;
  /** Time that the whole step took, preparation included. */
  tookSeconds: number;
  /** What limited the stack; null when it could not be observed. */
  metrics: StepMetrics | null;
}
