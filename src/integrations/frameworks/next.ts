/**
 * Next.js: what it leaves on the request, under a registered symbol, when it has matched a page or a route handler, of
 * either router, in `next start` and in a server of one's own. Pages that stand for an error stand for none.
 */

import type { IncomingMessage, ServerResponse } from "node:http";

export const NEXT_META: unique symbol = Symbol.for("NextInternalRequestMeta") as never;

export interface NextMeta {
  readonly match?: { readonly definition?: { readonly pathname?: unknown } };
  /** The page that was to be rendered, when another was, for it failed or found nothing. */
  readonly invokeOutput?: unknown;
}

export interface NextRequest extends IncomingMessage {
  [NEXT_META]?: NextMeta;
}

const NOT_FOUND = 404;
const FILES = "/_next/static/";

/** Hot. */
export function nextRoute(
  meta: NextMeta,
  { url }: IncomingMessage,
  { statusCode }: ServerResponse,
): string | undefined {
  const page = meta.match?.definition?.pathname;
  if (typeof page === "string" && !isErrorPage(page)) return page;
  const wanted = meta.invokeOutput;
  if (typeof wanted === "string" && wanted.startsWith("/") && !isErrorPage(wanted)) return wanted;
  // files of the build, thousands of them, each with a hash for a name
  return statusCode !== NOT_FOUND && url?.includes(FILES) ? "/_next/static/*" : undefined;
}

function isErrorPage(page: string): boolean {
  return (
    page === "/_not-found" || page === "/_error" || page === "/404" || page === "/500" || page === "/_global-error"
  );
}
