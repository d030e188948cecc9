import { createHash } from "node:crypto";
import type { RequestConfig } from "../../contract/outputs.ts";
import { seededRandom } from "../../measure/random.ts";

/** Input of the CPU-heavy route: about ten milliseconds of one core. */
const heavyN = 27;
const heavyResult = '"fibonacci":196418';
const uploadBytes = 256 * 1024;
const boundary = "breakwater-load";

/**
 * Requests to the kit's example API, in the form of `loadtest.requests`. Those that read and write users are not among them: what
 * their responses may have depends on the writes before (users.ts).
 */
const exampleRequests = {
  light: () => request({ path: "/api/light" }, '"ok":true'),
  heavy: () => request({ path: `/api/heavy-task?n=${heavyN}` }, heavyResult),
  upload: uploadRequest,
};

/** The request to the kit's example API of this name; undefined: there is none. */
export function exampleRequest(kind: string): RequestConfig | undefined {
  return Object.hasOwn(exampleRequests, kind)
    ? exampleRequests[kind as keyof typeof exampleRequests]()
    : undefined;
}

/** Uploads a file of random letters, the same in every run. The response must contain its hash. */
function uploadRequest(): RequestConfig {
  const random = seededRandom(uploadBytes);
  const letters = Array.from({ length: uploadBytes }, () =>
    String.fromCharCode(97 + Math.floor(random() * 26)),
  );
  const content = letters.join("");
  const head = 'Content-Disposition: form-data; name="file"; filename="load.txt"\r\nContent-Type: text/plain';
  return request(
    {
      method: "POST",
      path: "/api/upload",
      headers: { "content-type": `multipart/form-data; boundary=${boundary}` },
      body: `--${boundary}\r\n${head}\r\n\r\n${content}\r\n--${boundary}--\r\n`,
    },
    createHash("sha256").update(content).digest("hex"),
  );
}

function request(form: Partial<RequestConfig> & { path: string }, contains: string): RequestConfig {
  return { method: "GET", headers: {}, ...form, expect: { statuses: [], json: {}, contains } };
}
