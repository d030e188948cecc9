import { join, relative, resolve } from "node:path";
import { UserError } from "../contract/user-error.ts";
import { commands } from "./commands.ts";
import { entry } from "./entry.ts";
import { writeNewApi } from "./new-api.ts";
import { projectRoot } from "./stack.ts";

await entry(commands.new, async ({ positionals: [name], folder }) => {
  if (name === undefined)
    throw new UserError("the name of the API is missing", "for example: npm run new -- my-api", {
      exitCode: 2,
    });
  const from = process.env.INIT_CWD ?? process.cwd();
  const target = folder === undefined ? join(projectRoot, "..", name) : resolve(from, folder);
  for (const path of writeNewApi(name, target)) console.log(relative(projectRoot, path));
  console.log(`\nTry it:    cd ${relative(projectRoot, target)} && npm test
Check it:  npm run doctor -- --stack ${name}
Deploy it: npm start -- --stack ${name}`);
  return 0;
});
