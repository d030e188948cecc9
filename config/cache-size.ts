import type { NginxCacheConfig } from "./sections/nginx-cache.ts";
import { type Bytes, KiB } from "./units.ts";

/** Largest body that the gateway keeps; its length has this many digits at most. */
export const cachedDigits = 5;

// From the source of Nginx 1.30, on 64 bits: a kept response takes a slot of 128 bytes in the zone. Without a free slot, Nginx
// deletes the response that was asked for least recently before it keeps another one. So the zone is a bound of the bytes on the
// volume, too: Nginx looks at the size only every ten seconds.
const slotBytes = 128;
const zoneStateBytes = 32 * KiB;
/** Size of a response for which the zone has room when all of `nginx.cache.size` is used. */
const meanBytes = 16 * KiB;
/** A file with the largest body, its headers and its key, in blocks of 4 KiB. */
const largestFileBytes = 112 * KiB;

/** Bytes of the cache's zone; 0 without a cache. */
export function cacheZoneBytes({ paths, size }: NginxCacheConfig): Bytes {
  if (paths.length === 0) return 0;
  return zoneStateBytes + Math.ceil((size / meanBytes) * (slotBytes / KiB)) * KiB;
}

/** Bytes that the kept responses never exceed on the volume; 0 without a cache. */
export function cacheVolumeBytes(cache: NginxCacheConfig): Bytes {
  return (cacheZoneBytes(cache) / slotBytes) * largestFileBytes;
}
