import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClusterReader } from "./cluster-reader.ts";
import { eventsOf, evidenceOf } from "./rollout-report.ts";

/** A cluster whose responses are texts by a part of the path; all other paths fail. */
function clusterOf(responses: Record<string, string>): ClusterReader {
  const getText = async (path: string) => {
    const [, text] = Object.entries(responses).find(([part]) => path.includes(part)) ?? [];
    if (text === undefined) throw new Error(path);
    return text;
  };
  const none = async () => {};
  return { getText, getJson: async (path) => JSON.parse(await getText(path)), patch: none, delete: none };
}

const pod = { name: "api-1", uid: "uid-1", container: "api" };
const events = {
  items: [
    { type: "Normal", reason: "Scheduled", message: "assigned", lastTimestamp: "2026-01-01T00:00:01Z" },
    {
      type: "Warning",
      reason: "Unhealthy",
      message: "probe failed",
      count: 3,
      lastTimestamp: "2026-01-01T00:00:09Z",
    },
    { type: "Warning", reason: "BackOff", message: "restarting", eventTime: "2026-01-01T00:00:05.000000Z" },
  ],
};

test("evidenceOf has the log of the run that ended, and the warnings, the newest first", async () => {
  const cluster = clusterOf({
    "tailLines=20&previous=true": "starting\nno DATABASE_URL\n",
    "tailLines=20": "starting\n",
    "involvedObject.uid%3Duid-1": JSON.stringify(events),
  });
  assert.equal(
    await evidenceOf(cluster, "ns", pod),
    [
      "",
      "  the last lines of container api:",
      "    starting",
      "    no DATABASE_URL",
      "  events:",
      "    Unhealthy × 3: probe failed",
      "    BackOff: restarting",
    ].join("\n"),
  );
});

test("evidenceOf has the present log when there is no former run, and nothing when nothing can be read", async () => {
  const first = clusterOf({ "/api/v1/namespaces/ns/pods/api-1/log?container=api&tailLines=20": "waits\n" });
  assert.match(await evidenceOf(first, "ns", pod), /container api:\n {4}waits$/);
  assert.equal(await evidenceOf(clusterOf({}), "ns", pod), "");
});

test("eventsOf returns the newest event first, whichever of its times it has", async () => {
  const cluster = clusterOf({ events: JSON.stringify(events) });
  const reasons = (await eventsOf(cluster, "ns", "uid-1")).map(({ reason }) => reason);
  assert.deepEqual(reasons, ["Unhealthy", "BackOff", "Scheduled"]);
});
