import { createHash } from "node:crypto";
import { pipeline } from "node:stream/promises";
import multipart, { type MultipartFile } from "@fastify/multipart";
import { type Static, Type } from "@sinclair/typebox";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { UploadConfig } from "../config/config.ts";
import { clientGone } from "../runtime/http/client-gone.ts";
import { HttpError } from "../runtime/http/http-errors.ts";
import type { RouteDocumentation } from "../runtime/http/route-documentation.ts";
import { collectYoungGarbage } from "../runtime/process/collect-garbage.ts";
import type { UploadStore, UploadTarget } from "../runtime/uploads/upload-store.ts";
import { NoRoom } from "../runtime/uploads/volume-room.ts";

const Response = Type.Object({
  files: Type.Array(
    Type.Object({
      field: Type.String(),
      filename: Type.String(),
      bytes: Type.Integer(),
      sha256: Type.String(),
      /** Name on the volume, if uploads are kept. */
      storedAs: Type.Optional(Type.String()),
    }),
  ),
});
type ReceivedFile = Static<typeof Response>["files"][number];

const documentation: RouteDocumentation = {
  summary:
    "streams the files of a multipart form to disk, or discards them; returns size and SHA-256 of each; keeps all files or none",
  body: Type.Object({ file: Type.String({ format: "binary" }) }),
  consumes: ["multipart/form-data"],
};

/** Counters since the start, and the number of uploads under way. */
export interface UploadStats {
  active: number;
  files: number;
  bytes: number;
  failed: number;
}

/** Parts and limits of the upload route. */
export interface UploadParts extends Pick<UploadConfig, "maxBytes" | "maxFiles"> {
  store: Pick<UploadStore, "admit" | "open">;
  stats: UploadStats;
}

/** Size allowed for boundaries, headers and plain fields of a form; Nginx allows the same. */
const formBytes = 1024 ** 2;
const fieldLimits = { fields: 32, fieldSize: 64 * 1024, headerPairs: 32, headerSize: 16 * 1024 };

/**
 * POST /upload: streams the files of a multipart form to the store and hashes them. Either all files are kept, or none.
 */
export function uploadRoute(app: FastifyInstance, parts: UploadParts): void {
  const { stats, maxBytes, maxFiles } = parts;
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    // Registered for this route only: its hooks would cost time on every request (docs/decisions.md#multipart-scope).
    await scope.register(multipart, {
      throwFileSizeLimit: false,
      limits: { ...fieldLimits, files: maxFiles, fileSize: maxBytes, parts: maxFiles + fieldLimits.fields },
    });
    const schema = { response: { 200: Response } };
    scope.post("/upload", { schema, config: { documentation } }, async (request, reply) => {
      if (!request.isMultipart()) throw new HttpError(415, "the body must be multipart/form-data");
      const announcedBytes = Number(request.headers["content-length"] ?? 0);
      if (announcedBytes > maxBytes + formBytes) throw new FilesTooLarge();
      stats.active++;
      try {
        const gone = clientGone(reply.raw);
        await parts.store.admit(announcedBytes);
        const files = await receive(request, parts, gone);
        stats.files += files.length;
        return { files };
      } catch (error) {
        stats.failed++;
        // A client that was too slow already has its response.
        if (reply.sent) return;
        throw asHttpError(error, parts);
      } finally {
        stats.active--;
      }
    });
  });
}

async function receive(
  request: FastifyRequest,
  { store, stats, maxBytes }: UploadParts,
  gone: AbortSignal,
): Promise<ReceivedFile[]> {
  const targets: UploadTarget[] = [];
  const files: ReceivedFile[] = [];
  let room = maxBytes;
  try {
    for await (const part of request.parts()) {
      if (part.type === "field") continue;
      const target = store.open();
      targets.push(target);
      const file = await receiveFile(part, target, room, gone);
      room -= file.bytes;
      stats.bytes += file.bytes;
      files.push(file);
    }
    if (files.length === 0) throw new HttpError(400, "there is no file in the form");
    for (const [index, file] of files.entries()) {
      const storedAs = await targets[index]?.keep();
      if (storedAs !== undefined) file.storedAs = storedAs;
    }
    return files;
  } catch (error) {
    await Promise.all(targets.map((target) => target.discard()));
    throw error;
  }
}

async function receiveFile(
  part: MultipartFile,
  target: UploadTarget,
  room: number,
  gone: AbortSignal,
): Promise<ReceivedFile> {
  const hash = createHash("sha256");
  let bytes = 0;
  const refuse = () => part.file.destroy(new FilesTooLarge());
  part.file.once("limit", refuse);
  part.file.on("data", (chunk: Buffer) => {
    hash.update(chunk);
    bytes += chunk.length;
    countPassed(chunk.length);
    if (bytes > room) refuse();
    else if (!target.take(chunk.length)) part.file.destroy(new NoRoom());
  });
  await pipeline(part.file, target.stream, { signal: gone });
  // A small file may reach its limit before the listener is attached.
  if (part.file.truncated) throw new FilesTooLarge();
  return { field: part.fieldname ?? "", filename: part.filename ?? "", bytes, sha256: hash.digest("hex") };
}

/** Uploaded bytes after which used buffers are collected (docs/decisions.md#young-generation-of-uploads). */
const collectEveryBytes = 4 * 1024 ** 2;
let passedBytes = 0;

/** V8 lets about 100 MiB of used buffers accumulate by default. Early collections keep them few and reuse their memory. */
function countPassed(bytes: number): void {
  passedBytes += bytes;
  if (passedBytes < collectEveryBytes) return;
  passedBytes = 0;
  collectYoungGarbage();
}

class FilesTooLarge extends HttpError {
  constructor() {
    super(413, "the files are larger than this server accepts");
  }
}

/** Maps the error codes of the parser, the disk and the connection to HTTP errors. */
function asHttpError(error: unknown, { maxFiles }: UploadParts): unknown {
  if (error instanceof HttpError) return error;
  const { code = "", message } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") return new NoRoom({ cause: error });
  if (code === "FST_FILES_LIMIT") return new HttpError(413, `the form has more than ${maxFiles} files`);
  if (code === "ABORT_ERR" || code === "ECONNRESET") return new HttpError(499, "the client went away");
  if (code.startsWith("FST_")) return error;
  // The parser's own errors have no code; disk errors have.
  if (code === "") return new HttpError(400, `the form is malformed: ${message}`);
  return error;
}
