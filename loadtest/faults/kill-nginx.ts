import { readyPods } from "../observe/ready-pods.ts";
import { defineFault } from "./fault.ts";
import { killProcess } from "./kill-process.ts";

export const killNginx = defineFault({
  name: "kill-nginx",
  about: "SIGKILL to the main process of one Nginx pod",
  target: "nginx",
  needs: "delete pods",
  async inject(context) {
    const [pod] = await readyPods("nginx", context.outputs, context.api);
    return killProcess(pod, context);
  },
});
