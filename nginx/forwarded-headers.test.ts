import assert from "node:assert/strict";
import { test } from "node:test";
import { forwardedHeaders } from "./forwarded-headers.ts";

test("forwardedHeaders writes IPv6 networks in the form that Nginx reads", () => {
  const { http = "" } = forwardedHeaders({
    trustedProxies: ["0:0:0:0:0:0:0::/0", "FD00:0::1", "10.0.0.0/8"],
    proxyProtocol: false,
  });
  assert.deepEqual(http.match(/set_real_ip_from .*/g), [
    "set_real_ip_from ::/0;",
    "set_real_ip_from fd00::1;",
    "set_real_ip_from 10.0.0.0/8;",
  ]);
  assert.match(http, /^ {2}::\/0 1;$/m);
});
