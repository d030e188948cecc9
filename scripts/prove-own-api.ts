import { commands } from "./commands.ts";
import { entry } from "./entry.ts";
import { runLongForm } from "./real-tests.ts";

await entry(commands["prove:own-api"], () =>
  runLongForm(["e2e/own-api.e2e.test.ts", "e2e/doctor.e2e.test.ts"]),
);
