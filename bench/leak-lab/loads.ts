import { randomBytes } from "node:crypto";
import type { PacedRequest } from "./paced-load.ts";

const json = "application/json";
const KiB = 1024;

const light: PacedRequest = { perSecond: 100, make: () => ({ method: "GET", path: "/light" }) };

/** Light requests, and the same number of requests that leak 1 KiB each. */
export function leakingLoad(kind: string): PacedRequest[] {
  return [light, { perSecond: 100, make: () => ({ method: "POST", path: `/leak-lab/${kind}?bytes=1024` }) }];
}

/** Light requests, heavy tasks, large bodies and files. */
export function mixedLoad(perSecond: number): PacedRequest[] {
  const body = Buffer.from(
    JSON.stringify({ name: "Ada", email: "ada@example.org", more: "x".repeat(200 * KiB) }),
  );
  const boundary = "leak-lab-boundary";
  const file = Buffer.concat([
    Buffer.from(
      `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="a.bin"\r\ncontent-type: application/octet-stream\r\n\r\n`,
    ),
    randomBytes(512 * KiB),
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
  return [
    { ...light, perSecond },
    { perSecond: 2, make: (count) => ({ method: "GET", path: `/heavy-task?n=${10 + (count % 15)}` }) },
    {
      perSecond: 4,
      make: (count) => ({ method: "PUT", path: `/users/${count + 1}`, body, contentType: json }),
    },
    {
      perSecond: 1,
      make: () => ({
        method: "POST",
        path: "/upload",
        body: file,
        contentType: `multipart/form-data; boundary=${boundary}`,
      }),
    },
    { perSecond: 5, make: (count) => ({ method: "GET", path: `/nowhere/${count}` }) },
  ];
}

/** Reads of every user in turn, so that the cache in the process grows evenly to its maximum; and some writes. */
export function cachedLoad(perSecond: number, users: number): PacedRequest[] {
  const put = Buffer.from(JSON.stringify({ name: "Ada", email: "ada@example.org" }));
  return [
    { perSecond, make: (count) => ({ method: "GET", path: `/users/${(count % users) + 1}` }) },
    {
      perSecond: 2,
      make: (count) => ({ method: "PUT", path: `/users/${(count % 50) + 1}`, body: put, contentType: json }),
    },
    { ...light, perSecond: 20 },
  ];
}
