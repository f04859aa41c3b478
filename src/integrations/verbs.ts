/** Verbs of requests, of which there are some dozens, though over HTTP/2 whoever makes a request may think up any token. */

/** Instead of a verb that nobody has heard of. */
export const OTHER_VERB = "OTHER";

/** Those that Node's parser of HTTP/1 knows, and two of ours. */
const VERBS: ReadonlySet<unknown> = new Set(
  (
    "ACL BIND CHECKOUT CONNECT COPY DELETE GET HEAD LINK LOCK M-SEARCH MERGE MKACTIVITY MKCALENDAR MKCOL MOVE NOTIFY OPTIONS " +
    "PATCH POST PROPFIND PROPPATCH PURGE PUT QUERY REBIND REPORT SEARCH SOURCE SUBSCRIBE TRACE UNBIND UNLINK UNLOCK " +
    "UNSUBSCRIBE UPGRADE OTHER"
  ).split(" "),
);

/** Hot. Whether it is a verb as it stands. */
export function isVerb(method: unknown): boolean {
  return VERBS.has(method);
}

/** A verb in capitals, or `OTHER`: a program may set its own, too, and what is no text at all. */
export function verbOf(method: unknown): string {
  const upper = typeof method === "string" && method.length <= 20 ? method.toUpperCase() : OTHER_VERB;
  return VERBS.has(upper) ? upper : OTHER_VERB;
}
