import { serve } from "../protocol/server.ts";
import { kubernetesProvider } from "./provider.ts";

void serve(kubernetesProvider("4.34.2"));
