import type { Directives } from "./directives.ts";
import type { NginxSettings } from "./settings.ts";

const ids = "(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}";

/**
 * The trace of a request, as W3C Trace Context has it: a valid `traceparent` reaches the pod as it was sent; otherwise a
 * trace begins here. Its id is random, so a constant is a unique id of the span within the trace. No regular expression
 * is evaluated for a request without the header.
 */
export function tracing({ traceSampling }: Pick<NginxSettings, "traceSampling">): Directives {
  // Nginx reads at most two digits after the point.
  const percent = Math.ceil(traceSampling * 100) / 100;
  const isSplit = percent > 0 && percent < 100;
  const flags = isSplit ? "$trace_flags" : percent === 0 ? "00" : "01";
  const split = `split_clients $request_id $trace_flags {
  ${percent}% 01;
  * 00;
}
`;
  return {
    http: `${isSplit ? split : ""}map $http_traceparent $is_traced {
  "" "";
  "~^00-${ids}$" 1;
  # A later version may have more fields.
  "~^(?!00|ff)[0-9a-f]{2}-${ids}(?:-[\\x21-\\x7e]{0,200})?$" 1;
}
map $is_traced $traceparent_to_pod {
  1 $http_traceparent;
  default 00-$request_id-0000000000000001-${flags};
}
# It belongs to the traceparent that it came with.
map $is_traced $tracestate_to_pod {
  1 $http_tracestate;
}`,
    server: `proxy_set_header traceparent $traceparent_to_pod;
proxy_set_header tracestate $tracestate_to_pod;`,
  };
}
