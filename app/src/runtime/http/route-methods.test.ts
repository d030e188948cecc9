import assert from "node:assert/strict";
import { test } from "node:test";
import { RouteMethods } from "./route-methods.ts";

test("RouteMethods finds the methods of a path, with and without parameters", () => {
  const routes = new RouteMethods();
  routes.add("PUT", "/users/:id");
  routes.add("GET", "/users/:id");
  routes.add("GET", "/light");
  assert.deepEqual(routes.methodsOf("/users/7"), ["GET", "PUT"]);
  assert.deepEqual(routes.methodsOf("/light"), ["GET"]);
  assert.deepEqual(routes.methodsOf("*"), ["GET", "PUT"]);
  for (const path of ["/%6Cight", "/l%69ght"]) assert.deepEqual(routes.methodsOf(path), ["GET"], path);
  for (const path of [
    "/light%2F",
    "/light%",
    "/users%2F7",
    "/users",
    "/users/",
    "/users/7/x",
    "/Light",
    "/light/",
    "",
  ])
    assert.deepEqual(routes.methodsOf(path), [], path);
});
