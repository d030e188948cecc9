import { serve } from "../protocol/server.ts";
import { dockerProvider } from "./provider.ts";

void serve(dockerProvider("5.2.0"));
