/** The `Status` object that the API server answers failures with. */
export interface ApiStatus {
  readonly message?: string;
  readonly reason?: string;
  readonly code?: number;
  readonly details?: { readonly causes?: readonly { reason?: string; message?: string; field?: string }[] };
}

/** A request that the API server refused. */
export class ApiError extends Error {
  readonly code: number;
  readonly status: ApiStatus;

  constructor(code: number, status: ApiStatus) {
    super(status.message ?? `the API server answered ${code}`);
    this.name = "ApiError";
    this.code = code;
    this.status = status;
  }
}

/** True for "there is no such object" (or no such kind). */
export function isNotFound(error: unknown): error is ApiError {
  return error instanceof ApiError && error.code === 404;
}

export function isAlreadyExists(error: unknown): error is ApiError {
  return error instanceof ApiError && error.code === 409 && error.status.reason === "AlreadyExists";
}

/** The other managers that hold the fields of a refused apply; empty when the error is something else. */
export function conflictingManagers(error: unknown): string[] {
  if (!(error instanceof ApiError) || error.code !== 409) return [];
  const causes = error.status.details?.causes ?? [];
  return causes
    .filter(({ reason }) => reason === "FieldManagerConflict")
    .map(({ message }) => /conflict with "([^"]*)"/.exec(message ?? "")?.[1] ?? "");
}
