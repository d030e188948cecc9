const pollMs = 1000;

/**
 * Aborts when the command that started this process was killed and could pass no signal on, so that the next run does not meet the
 * load and the pods of this one.
 */
export function abortWithParent(controller: AbortController): void {
  const { ppid } = process;
  const watch = setInterval(() => {
    if (process.ppid === ppid) return;
    clearInterval(watch);
    controller.abort();
  }, pollMs);
  watch.unref();
}
