import { serve } from "../protocol/server.ts";
import { dockerPlugin } from "./plugin.ts";
import { dockerProvider } from "./provider.ts";

void serve(dockerProvider(dockerPlugin.version));
