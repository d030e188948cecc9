import { commands } from "./commands.ts";
import { entry } from "./entry.ts";
import { runLongForm } from "./real-tests.ts";

const names = ["deployment", "names", "interrupt", "rotation", "release", "capacity", "stack", "storage"];

await entry(commands["prove:updates"], () => runLongForm(names.map((name) => `e2e/${name}.e2e.test.ts`)));
