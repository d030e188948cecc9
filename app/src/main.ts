import { pino } from "pino";
import { ConfigError, readConfig } from "./config/config.ts";
import { serve } from "./serve.ts";

const log = pino({
  base: undefined,
  timestamp: pino.stdTimeFunctions.isoTime,
  formatters: { level: (level) => ({ level }) },
});

process.on("uncaughtException", (error, origin) => {
  log.fatal({ err: error, origin }, "uncaught: the process ends");
  process.exit(1);
});

run().catch((error: unknown) => {
  if (error instanceof ConfigError) log.fatal(error.message);
  else log.fatal({ err: error }, "the API could not start");
  process.exit(1);
});

async function run(): Promise<void> {
  const config = readConfig(process.env);
  log.level = config.logLevel;
  log.setBindings({ pod: config.podName });
  await serve(config, log);
}
