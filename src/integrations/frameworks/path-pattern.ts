/**
 * Path patterns: does "/users/42/posts" fit "/users/:id/posts"? Without a regular expression, and nothing allocated.
 *
 * Of a pattern's syntax, which every framework has its own of, only this much is understood: a segment is a text, or
 * stands for any one segment. Of anything beyond that, no pattern is made. What matches is the framework's business: this
 * tells apart the few templates that one route can have.
 */

const SLASH = 47;

/** Segments; undefined is one that fits any. */
export type PathPattern = readonly (string | undefined)[];

/** Whether a template is a pattern of that kind: "/flights/:from-:to" is, "/files/*" and "/a/:b?" are not. */
export function pathPattern(template: string): PathPattern | undefined {
  if (template === "" || template === "/") return [];
  const segments: (string | undefined)[] = [];
  for (const segment of template.replace(/^\/|\/$/g, "").split("/")) {
    if (!/[:*?+(){}[\]\\!]/.test(segment)) segments.push(segment);
    else if (/^[^*?+(){}[\]\\!]*:[^*?+(){}[\]\\!]+(\([^*?(){}]*[+*]?\))?$/.test(segment)) segments.push(undefined);
    else return undefined;
  }
  return segments;
}

/**
 * Hot. Where in a path, or URL, the part that fits ends; -1 if it does not fit. Character by character: for texts as short as
 * segments, that is a third of what `indexOf` and `startsWith` take.
 *
 * @param end  where the path ends within the URL
 */
export function fitUpTo(pattern: PathPattern, path: string, end: number): number {
  let at = 0;
  for (let i = 0; i < pattern.length; i++) {
    if (at >= end || path.charCodeAt(at) !== SLASH) return -1;
    const from = ++at;
    const segment = pattern[i];
    if (segment === undefined) {
      while (at < end && path.charCodeAt(at) !== SLASH) at++;
      if (at === from) return -1;
    } else {
      for (let j = 0; j < segment.length; j++, at++) {
        if (!isSameLetter(path.charCodeAt(at), segment.charCodeAt(j))) return -1;
      }
      if (at > end || (at < end && path.charCodeAt(at) !== SLASH)) return -1;
    }
  }
  return at;
}

/** Routers ignore case, if not told otherwise. */
function isSameLetter(a: number, b: number): boolean {
  return a === b || ((a | 32) === (b | 32) && (a | 32) >= 97 && (a | 32) <= 122);
}

/** Hot. Whether all of it fits, but for a slash at the end. */
export function fits(pattern: PathPattern, path: string, end: number): boolean {
  const at = fitUpTo(pattern, path, end);
  return at >= 0 && (at === end || (at === end - 1 && path.charCodeAt(at) === SLASH));
}

/** Hot. Where the path of a URL ends. */
export function endOfPath(url: string): number {
  const at = url.indexOf("?");
  return at < 0 ? url.length : at;
}

/** Hot. Whether a template says nothing: with a status of 404, such a route is where requests end that matched no other. */
export function isCatchAll(template: string): boolean {
  const second = template.charCodeAt(1);
  if (second >= 97 && second <= 122) return false; // "/users"; what follows takes longer
  return /^\/?(\*\w*|\(\.\*\)|\{\/?\*\w+\}|:\w+\(\.\*\)|\/\.\*\/)$/.test(template);
}

/** A route's template, below where its router is mounted. */
export function joined(base: string, path: string): string {
  const below = path === "" || path.startsWith("/") ? path : `/${path}`;
  const whole = `${base.replace(/\/$/, "")}${below}`;
  const isExpression = below.startsWith("/^"); // of which the slash is a part
  return whole.length > 1 && whole.endsWith("/") && !isExpression ? whole.slice(0, -1) : whole || "/";
}
