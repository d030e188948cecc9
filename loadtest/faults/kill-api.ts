import { readyPods } from "../observe/ready-pods.ts";
import { defineFault } from "./fault.ts";
import { killProcess } from "./kill-process.ts";

export const killApi = defineFault({
  name: "kill-api",
  about: "SIGKILL to the main process of one API pod",
  target: "api",
  needs: "delete pods",
  async inject(context) {
    const [pod] = await readyPods("api", context.outputs, context.api);
    return killProcess(pod, context);
  },
});
