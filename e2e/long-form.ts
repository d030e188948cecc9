/** Whether tests run in their long form, as `npm run prove:updates` and `npm run prove:own-api` run them. */
export const isLong = process.env.BREAKWATER_LONG === "1";

/** Options of a test that `npm test` leaves out. */
export const inLongForm = { skip: isLong ? false : "part of the long form: npm run prove:updates" };
