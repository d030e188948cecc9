/** Words that code and docs no longer use, and what they say instead. The table of `docs/style.md` is the same list. */
export interface RetiredWord {
  /** Each spelling, in lower case; several words are separated by one space. */
  spellings: readonly string[];
  say: string;
}

export const retiredWords: readonly RetiredWord[] = [
  {
    spellings: ["tell", "tells", "telling", "told", "untold"],
    say: "log, report, return, send, distinguish",
  },
  {
    spellings: ["strike", "strikes", "striking", "struck"],
    say: "inject, injected",
  },
  { spellings: ["harm", "harms", "harmed"], say: "expected effect, damage" },
  { spellings: ["spoil", "spoils", "spoilt", "spoiled"], say: "falsify, distort, invalidate" },
  { spellings: ["ledger", "ledgers"], say: "history" },
  { spellings: ["dial", "dials"], say: "setting, option" },
  { spellings: ["fleet", "fleets"], say: "worker lifecycle, workers" },
  {
    spellings: ["figure", "figures"],
    say: "metric, statistic, counter, number, value: whichever it is",
  },
  { spellings: ["whoever"], say: "the client, the caller: name it" },
  { spellings: ["meanwhile"], say: "during the run, at the same time" },
  { spellings: ["for want of"], say: "without, because … is missing" },
];
