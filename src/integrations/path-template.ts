/**
 * Path templates: "/users/123/orders" becomes "/users/:id/orders", so that calls which differ by an id share a series.
 *
 * For paths of which no framework knows a template. What is an id is guessed from its spelling, with one pass over the
 * text and no regular expression: whoever sends requests chooses the paths, and may choose badly on purpose. A guess
 * that is wrong either way costs a label, and labels are bounded where they are made.
 */

const ID = ":id";
const ELLIPSIS = "…";
/** Longest template, in characters, and most segments; what is longer is cut, and ends in "…". */
const MAX_LENGTH = 200;
const MAX_SEGMENTS = 20;
/** Longest segment that is looked at word by word. Names of gRPC services, the longest kept, are rarely longer. */
const MAX_SEGMENT = 100;
/** Longest slug, and longest single word, that is taken for a name. */
const MAX_NAME = 32;

// Classes of characters, as bits, so that a segment's make-up is one number. What may stand in a path is RFC 3986's
// `pchar`; everything else, quotes, blanks, control characters and what is not ASCII, is foreign.
const FOREIGN = 0;
const DIGIT = 1;
const LOWER = 2;
const UPPER = 4;
const JOINT = 8;
const EQUALS = 16;
const BRACKET = 32;
const AT = 64;
const DATA = 128;
const SEMICOLON = 256;
const SLASH = 512;
const END = 1024;
/** What ends a segment, or the part of it that counts. */
const BREAK: number = SEMICOLON | SLASH | END;

const classes = new Uint16Array(128);
const hex = new Uint8Array(128);
for (const [characters, bit] of [
  ["0123456789", DIGIT],
  ["abcdefghijklmnopqrstuvwxyz", LOWER],
  ["ABCDEFGHIJKLMNOPQRSTUVWXYZ", UPPER],
  ["-._~:$", JOINT],
  ["=", EQUALS],
  ["()", BRACKET],
  ["@", AT],
  ["%&'*+,!", DATA],
  [";", SEMICOLON],
  ["/", SLASH],
  ["?#", END],
] as const) {
  for (const character of characters) classes[character.charCodeAt(0)] = bit;
}
for (const character of "0123456789abcdefABCDEF") hex[character.charCodeAt(0)] = 1;

/**
 * A path, or any target of a request, with ids as `:id`. Never throws; time grows with the length of the path.
 *
 * - Query, fragment and parameters of segments (`;jsessionid=…`) are cut, and so are scheme, host and credentials of a
 *   target in absolute form. Empty segments are left out: `/a//b/` is `/a/b`. `*` stays; an empty target is `/`.
 * - **A segment is `:id`** if it is a number, a date, an address or a list of these (`42`, `-1`, `2026-11-22`,
 *   `10.0.0.1`); hexadecimal of 8 or more characters with a digit among them, with dashes or without (hashes, ObjectIds,
 *   UUIDs); a mixture of letters and digits as only chance brings about (ULID, KSUID, nanoid, base64url); a word or a
 *   slug of more than 32 characters, anything of more than 100; an e-mail address or a handle (`@name`); or if it has
 *   percent-encoding or other characters that names of routes do not have (`% & ' * + , !`, quotes, blanks, what is no
 *   printable ASCII).
 * - **A part of a segment is `:id`** between `- . _ ~ : $`, if it is of these, or has 4 or more digits and nothing else, or 6
 *   digits in a row: `order-12345` is `order-:id`, `main.8f3a9c1b.js` is `main.:id.js`, `42.json` is `:id.json`,
 *   `cus_NffrFeUfNV2Hib` is `cus_:id`. So is what stands after `=` and in brackets: `Users(42)` is `Users(:id)`.
 * - **All else stays:** words, slugs (`my-first-post`: nothing tells a title from a route's name), versions (`v2.1`,
 *   `1.1`), names with digits (`2fa`, `oauth2`, `sha256`), names of files (`app.min.js`, `logo@2x.png`).
 * - At most 200 characters and 20 segments; then `…`.
 */
export function pathTemplate(target: string): string {
  if (target === "*") return target;
  const end = target.length;
  let template = "";
  let segments = 0;
  let at = startOfPath(target);
  while (at < end) {
    const from = at;
    let seen = 0;
    let bit = END;
    for (; at < end; at++) {
      const code = target.charCodeAt(at);
      bit = code < 128 ? classes[code]! : FOREIGN;
      if ((bit & BREAK) !== 0) break;
      seen |= bit === FOREIGN ? DATA : bit;
    }
    const to = at;
    if (bit === SEMICOLON && at < end) {
      while (at < end && (classOf(target, at) & (SLASH | END)) === 0) at++;
      if (at < end) bit = classOf(target, at);
    }
    if (to > from) {
      if (segments++ === MAX_SEGMENTS) return `${template}/${ELLIPSIS}`;
      const plain = (seen & ~(LOWER | UPPER | JOINT)) === 0 && to - from < 20;
      const segment = plain ? target.slice(from, to) : segmentTemplate(target.slice(from, to), seen);
      if (template.length + segment.length >= MAX_LENGTH - 2) return `${template}/${ELLIPSIS}`;
      template += `/${segment}`;
    }
    if (bit === END) break;
    at++;
  }
  return template === "" ? "/" : template;
}

function classOf(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code < 128 ? classes[code]! : FOREIGN;
}

/** Where the path begins in "http://user@host/path", which is what a proxy is asked for; otherwise at the start. */
function startOfPath(target: string): number {
  if (target.charCodeAt(0) === 0x2f) return 0;
  const scheme = target.slice(0, 16).indexOf("://");
  if (scheme < 1) return 0;
  let at = scheme + 3;
  while (at < target.length && (classOf(target, at) & (SLASH | END)) === 0) at++;
  return at;
}

function segmentTemplate(segment: string, seen: number): string {
  if (segment.length > MAX_SEGMENT || (seen & DATA) !== 0) return ID;
  if ((seen & AT) !== 0 && !isRetina(segment)) return ID;
  if ((seen & BRACKET) !== 0) return beforeArgument(segment, "(", ")");
  if ((seen & EQUALS) !== 0) return beforeArgument(segment, "=", "");
  const dot = startOfExtension(segment);
  if (dot > 0) return segmentTemplate(segment.slice(0, dot), seen) + segment.slice(dot);
  if (hasNoLetter(segment)) return isShortVersion(segment) || (seen & DIGIT) === 0 ? segment : ID;
  if (segment.length > MAX_NAME && (segment.includes("-") || segment.includes("_"))) return ID;
  return wordsTemplate(segment);
}

/** "logo@2x": as pictures for dense screens are called. */
function isRetina(segment: string): boolean {
  const at = segment.indexOf("@");
  return (
    at > 0 && classOf(segment, at + 1) === DIGIT && segment.charAt(at + 2) === "x" && at === segment.lastIndexOf("@")
  );
}

/** "Users(42)" without 42, "key=value" without value. */
function beforeArgument(segment: string, open: string, close: string): string {
  const at = segment.indexOf(open);
  if (at < 1 || !segment.endsWith(close)) return ID;
  let seen = 0;
  for (let i = 0; i < at; i++) seen |= classOf(segment, i);
  return `${segmentTemplate(segment.slice(0, at), seen)}${open}${ID}${close}`;
}

/** Where ".js" begins: a dot, not the first character, and 1 to 5 letters and digits, not digits alone. Or -1. */
function startOfExtension(segment: string): number {
  const dot = segment.lastIndexOf(".");
  if (dot < 1 || segment.length - dot > 6) return -1;
  let seen = 0;
  for (let i = dot + 1; i < segment.length; i++) seen |= classOf(segment, i);
  return (seen & ~(DIGIT | LOWER | UPPER)) === 0 && (seen & (LOWER | UPPER)) !== 0 ? dot : -1;
}

function hasNoLetter(segment: string): boolean {
  for (let i = 0; i < segment.length; i++) if ((classOf(segment, i) & (LOWER | UPPER)) !== 0) return false;
  return true;
}

/** "1.1", as versions are written without a "v"; "52.5200" and "10.0.0.1" are none. */
function isShortVersion(segment: string): boolean {
  const dot = segment.indexOf(".");
  if (dot < 1 || dot > 2 || dot === segment.length - 1 || segment.length - dot > 3) return false;
  for (let i = 0; i < segment.length; i++) if (i !== dot && classOf(segment, i) !== DIGIT) return false;
  return true;
}

const NAME = 0;
/** Says nothing by itself: hexadecimal, as the groups of a UUID and of a date. It goes with an id beside it. */
const GROUP = 1;
const IDENTIFIER = 2;

function wordsTemplate(segment: string): string {
  const starts: number[] = [];
  const ends: number[] = [];
  const kinds: number[] = [];
  let letters = 0;
  let digits = 0;
  let turns = 0;
  let changes = 0;
  let onlyHex = true;
  for (let at = 0; at < segment.length; ) {
    if ((classOf(segment, at) & (DIGIT | LOWER | UPPER)) === 0) {
      at++;
      continue;
    }
    const word = readWord(segment, at);
    starts.push(at);
    kinds.push(word.kind);
    at = word.end;
    ends.push(at);
    digits += word.digits;
    letters += word.end - starts.at(-1)! - word.digits;
    turns += word.turns;
    changes += word.changes;
    onlyHex &&= word.onlyHex;
  }
  if (digits > 0 && onlyHex && letters + digits >= 12) return ID;
  if (looksRandom(letters + digits, digits, turns, changes) && letters + digits >= 16) {
    return segment.slice(0, lengthOfPrefix(segment)) + ID;
  }
  for (let i = 1; i < kinds.length; i++) if (kinds[i] === GROUP && kinds[i - 1] === IDENTIFIER) kinds[i] = IDENTIFIER;
  for (let i = kinds.length - 2; i >= 0; i--) {
    if (kinds[i] === GROUP && kinds[i + 1] === IDENTIFIER) kinds[i] = IDENTIFIER;
  }
  let template = "";
  let copied = 0;
  for (let i = 0; i < kinds.length; i++) {
    if (kinds[i] !== IDENTIFIER) continue;
    template += segment.slice(copied, starts[i]) + ID;
    while (kinds[i + 1] === IDENTIFIER) i++;
    copied = ends[i]!;
  }
  return template + segment.slice(copied);
}

/** "cus_" in "cus_NffrFeUfNV2Hib": what kind of id it is, in letters of one case. */
function lengthOfPrefix(segment: string): number {
  const first = classOf(segment, 0);
  let at = 0;
  while (at < segment.length && (classOf(segment, at) & (DIGIT | LOWER | UPPER)) !== 0) {
    if (at > 12 || classOf(segment, at) !== first || first === DIGIT) return 0;
    at++;
  }
  return at > 1 ? at + 1 : 0;
}

interface Word {
  readonly end: number;
  readonly kind: number;
  readonly digits: number;
  /** From letter to digit or back. */
  readonly turns: number;
  /** Those, and from a small letter to a capital. */
  readonly changes: number;
  readonly onlyHex: boolean;
}

/** Letters and digits from here on. */
function readWord(segment: string, from: number): Word {
  let digits = 0;
  let row = 0;
  let longestRow = 0;
  let turns = 0;
  let changes = 0;
  let onlyHex = true;
  let before = 0;
  let at = from;
  for (; at < segment.length; at++) {
    const bit = classOf(segment, at);
    if ((bit & (DIGIT | LOWER | UPPER)) === 0) break;
    if (bit === DIGIT) {
      digits++;
      if (++row > longestRow) longestRow = row;
    } else row = 0;
    if (hex[segment.charCodeAt(at)] === 0) onlyHex = false;
    // a capital begins a word: "Token" is one run
    if (bit !== before && before !== 0 && !(before === UPPER && bit === LOWER)) {
      changes++;
      if (bit === DIGIT || before === DIGIT) turns++;
    }
    before = bit;
  }
  const length = at - from;
  if (isVersion(segment, from, length) && longestRow < 6) turns = changes = 0;
  const isIdentifier =
    length > MAX_NAME ||
    longestRow >= 6 ||
    (digits === length && (length >= 4 || segment.charAt(at) === ":")) ||
    (onlyHex && length >= 8 && digits > 0) ||
    looksRandom(length, digits, turns, changes);
  const kind = isIdentifier ? IDENTIFIER : onlyHex ? GROUP : NAME;
  return { end: at, kind, digits, turns, changes, onlyHex };
}

/** "v1alpha1", as Kubernetes counts. */
function isVersion(segment: string, from: number, length: number): boolean {
  return length <= 10 && (segment.charCodeAt(from) | 0x20) === 0x76 && classOf(segment, from + 1) === DIGIT;
}

/**
 * Whether capitals, small letters and digits take turns as often as chance would have it, and people would not. Of random
 * tokens of 20 characters (base 62, 36, 32) it knew 97 to 100 in 100, of 10 characters 6 or 7 in 10; of 14 000 names of
 * functions and files it took 2 in 1 000 for random.
 */
function looksRandom(length: number, digits: number, turns: number, changes: number): boolean {
  if (length < 8) return false;
  if (digits === 0) return length >= 16 && (changes + 1) * 3 > length;
  if (turns >= 3) return true;
  if (length < 10) return (changes + 1) * 2 >= length;
  return (changes + 1) * (length < 16 ? 6 : 7) > length * 2;
}
