/** Exit code of the Redis program when the wanted cluster cannot be reached from the present state: another try would not help. */
export const refusedExitCode = 3;
