import { createHash } from "node:crypto";
import { UserVersions, userBody, userId, versionIn } from "../../loadtest/load/users.ts";
import type { EdgeRequest } from "./load.ts";

const fileBytes = 1024;
const content = "x".repeat(fileBytes);
const contentHash = createHash("sha256").update(content).digest("hex");
const boundary = "prove-edge";

/** A POST of a small file, whose response has the file's hash. */
export const smallPost: EdgeRequest = {
  method: "POST",
  path: "/api/upload",
  headers: { "content-type": `multipart/form-data; boundary=${boundary}` },
  body: `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="file.txt"\r\ncontent-type: text/plain\r\n\r\n${content}\r\n--${boundary}--\r\n`,
  isRight: (body) => body.includes(contentHash),
};

/** The cheapest GET. */
export const lightGet: EdgeRequest = {
  method: "GET",
  path: "/api/light",
  isRight: (body) => body.includes('"ok":true'),
};

/** Mixed requests whose responses are checked: a read must not be older than an acknowledged write. */
export class RequestMix {
  readonly #users: number;
  readonly #versions: UserVersions;

  /** @param users seeded users of the load test */
  constructor(users: number) {
    this.#users = users;
    this.#versions = new UserVersions({ users, seededVersion: 0, thread: 0, threads: 1 });
  }

  /** Of 20 requests: 8 reads and 5 writes of a user, 4 light ones, 3 uploads. */
  readonly next = (turn: number): EdgeRequest => {
    const place = turn % 20;
    const rank = 1 + ((turn * 7) % this.#users);
    if (place % 5 === 0 && place > 0) return smallPost;
    if (place % 4 === 1 || place === 0) return this.#write(rank);
    return place % 3 === 0 ? lightGet : this.read(rank);
  };

  /** A read of a user that fails when the response is older than the last acknowledged write. */
  read(rank: number): EdgeRequest {
    const id = userId(rank);
    const floor = this.#versions.floor(id, performance.now());
    return {
      method: "GET",
      path: `/api/users/${id}`,
      isRight: (body) => (versionIn(body, id) ?? -1) >= floor,
    };
  }

  #write(rank: number): EdgeRequest {
    const { id, version, settle } = this.#versions.write(rank);
    return {
      method: "PUT",
      path: `/api/users/${id}`,
      headers: { "content-type": "application/json" },
      body: userBody(id, version),
      isRight: (body) => versionIn(body, id) === version,
      settle: (isGood) => settle(isGood, performance.now()),
    };
  }
}
