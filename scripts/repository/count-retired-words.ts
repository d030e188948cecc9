import { findRetiredWords } from "./find-retired-words.ts";
import { roomOf, textFiles } from "./text-files.ts";

// Prints every retired word of the rooms named as arguments, or the number of them in each room:
//   node scripts/repository/count-retired-words.ts [ROOM …]
const uses = findRetiredWords(await textFiles());
const rooms = process.argv.slice(2);
if (rooms.length > 0) {
  for (const { path, line, found, say } of uses.filter((use) => rooms.includes(roomOf(use.path))))
    console.log(`${path}:${line}: "${found}", say: ${say}`);
} else {
  const counts = new Map<string, number>();
  for (const { path } of uses) counts.set(roomOf(path), (counts.get(roomOf(path)) ?? 0) + 1);
  for (const [room, count] of counts) console.log(`${String(count).padStart(5)}  ${room}`);
}
