/** Which parts of a path are ids, case by case; and that no path, however bad, makes a bad label or takes long. */

import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { pathTemplate } from "../../src/integrations/path-template.js";

const tables: Record<string, Record<string, string>> = {
  "a path is what is left of a request's target": {
    "/": "/",
    "": "/",
    "*": "*",
    "/users": "/users",
    "/users/": "/users",
    "//users///new//": "/users/new",
    "/users?id=7&x=/y": "/users",
    "/users/#top": "/users",
    "?a=b": "/",
    "users/7": "/users/:id",
    "http://example.com/users/7?x=1": "/users/:id",
    "https://me:secret@example.com:8443/users": "/users",
    "http://example.com": "/",
    "http://example.com?next=/7": "/",
    "/go/http://example.com/7": "/go/http:/example.com/:id",
    "/shop;jsessionid=6C9A/cart;v=1?x": "/shop/cart",
    "/shop/;a/?x": "/shop",
    "/../etc/./passwd": "/../etc/./passwd",
  },
  "numbers, dates and addresses are ids": {
    "/users/0": "/users/:id",
    "/users/123/orders/456": "/users/:id/orders/:id",
    "/at/-12/+3/52.5200": "/at/:id/:id/:id",
    "/blog/2026/11/22/post": "/blog/:id/:id/:id/post",
    "/days/2026-11-22": "/days/:id",
    "/days/2026-11-22T10:00:00Z": "/days/:id",
    "/hosts/10.0.0.1": "/hosts/:id",
    "/list/1,2,3": "/list/:id",
    "/range/1-20": "/range/:id",
    "/npm/react/18.2.0": "/npm/react/:id",
  },
  "hashes, UUIDs and random tokens are ids": {
    "/x/8f3a9c1b": "/x/:id",
    "/x/8F3A9C1B": "/x/:id",
    "/x/507f1f77bcf86cd799439011": "/x/:id",
    "/x/da39a3ee5e6b4b0d3255bfef95601890afd80709": "/x/:id",
    "/x/123e4567-e89b-12d3-a456-426614174000": "/x/:id",
    "/x/123E4567-E89B-12D3-A456-426614174000": "/x/:id",
    "/x/123e4567e89b12d3a456426614174000": "/x/:id",
    "/x/00:1b:44:11:3a:b7": "/x/:id",
    "/x/01ARZ3NDEKTSV4RRFFQ69G5FAV": "/x/:id", // ULID
    "/x/0ujtsYcgvSTl8PAuAdqWYSMnLOv": "/x/:id", // KSUID
    "/x/V1StGXR8_Z5jdHi6B-myT": "/x/:id", // nanoid
    "/x/cjld2cjxh0000qzrmn831i7rn": "/x/:id", // cuid
    "/x/9m4e2mr0ui3e8a215n4g": "/x/:id", // xid
    "/x/dQw4w9WgXcQ": "/x/:id",
    "/x/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.c2lnbmF0dXJlIG9mIDQy": "/x/:id",
    "/x/onelongwordwithoutanydigitsinitatall": "/x/:id",
    "/x/the-complete-guide-to-doing-things-well": "/x/:id",
  },
  "people, encoded text, and what names of routes do not have, are ids": {
    "/u/me@example.com": "/u/:id",
    "/u/me%40example.com": "/u/:id",
    "/u/first.last+tag@example.co.uk": "/u/:id",
    "/@name/posts": "/:id/posts",
    "/w/caf%C3%A9": "/w/:id",
    "/w/a%20b/%2e%2e%2f": "/w/:id/:id",
    "/w/100%": "/w/:id",
    "/w/c++": "/w/:id",
    '/w/say "hi"': "/w/:id",
    "/w/a\nb/a\rb/a\0b/a\tb": "/w/:id/:id/:id/:id",
    "/w/<script>/{x}/a|b/a\\b/`": "/w/:id/:id/:id/:id/:id",
    "/w/café/日本/\u{1f600}/\ud800": "/w/:id/:id/:id/:id",
  },
  "a part of a segment is an id, and the rest stays": {
    "/orders/order-12345": "/orders/order-:id",
    "/orders/INV-2024-0012": "/orders/INV-:id",
    "/orders/user123456": "/orders/:id",
    "/p/cus_NffrFeUfNV2Hib": "/p/cus_:id",
    "/p/PROCESS_123e4567-e89b-12d3-abcd-42661bd74000": "/p/:id",
    "/p/job:123e4567-e89b-12d3-abcd-42661bd74000": "/p/:id",
    "/p/run_123e4567-e89b-12d3-abcd-4266": "/p/run_:id",
    "/p/run_123e4567-e89b-12d3": "/p/run_:id",
    "/p/batch-a1b2-8f3a9c1b": "/p/batch-:id",
    "/b/2026-11-22-release": "/b/:id-release",
    "/b/backup_20250416_073045": "/b/backup_:id",
    "/f/42.json": "/f/:id.json",
    "/f/42.tar.gz": "/f/:id.tar.gz",
    "/f/main.8f3a9c1b.js": "/f/main.:id.js",
    "/f/main.8f3a9c1b.chunk.js": "/f/main.:id.chunk.js",
    "/f/index-BjFSnI07.mjs": "/f/index-:id.mjs",
    "/f/123e4567-e89b-12d3-a456-426614174000.png": "/f/:id.png",
    "/o/Users(42)": "/o/Users(:id)",
    "/o/Users(42)/Orders(7)": "/o/Users(:id)/Orders(:id)",
    "/o/(42)": "/o/:id",
    "/o/id=42": "/o/id=:id",
    "/o/=42": "/o/:id",
    "/g/42:cancel": "/g/:id:cancel",
    "/g/4242:cancel": "/g/:id:cancel",
  },
  "names stay": {
    "/v1/users": "/v1/users",
    "/v2.1/users": "/v2.1/users",
    "/v1.2.3": "/v1.2.3",
    "/apis/apps/v1alpha1": "/apis/apps/v1alpha1",
    "/api/1.1/statuses": "/api/1.1/statuses",
    "/2.0": "/2.0",
    "/2fa/oauth2/sha256/md5": "/2fa/oauth2/sha256/md5",
    "/ipv4/x86_64/i18n/k8s/h264/utf-8/iso8601/base64url": "/ipv4/x86_64/i18n/k8s/h264/utf-8/iso8601/base64url",
    "/my-first-post": "/my-first-post",
    "/top-10-things": "/top-10-things",
    "/us-east-1": "/us-east-1",
    "/deadbeef/cafe/facade": "/deadbeef/cafe/facade",
    "/getUserByEmail/OAuth2Token/getHTTP2Version": "/getUserByEmail/OAuth2Token/getHTTP2Version",
    "/google.cloud.secretmanager.v1.SecretManagerService/GetSecret":
      "/google.cloud.secretmanager.v1.SecretManagerService/GetSecret",
    "/grpc.reflection.v1alpha1.ServerReflection": "/grpc.reflection.v1alpha1.ServerReflection",
    "/app.js/app.min.js/favicon.ico": "/app.js/app.min.js/favicon.ico",
    "/logo@2x.png/logo@3x": "/logo@2x.png/logo@3x",
    "/.well-known/security.txt": "/.well-known/security.txt",
    "/$metadata/$batch": "/$metadata/$batch",
    "/messages:send": "/messages:send",
    "/~user/_search/-/settings": "/~user/_search/-/settings",
    "/wp-login.php/index.php": "/wp-login.php/index.php",
    "/WEB-INF/META-INF": "/WEB-INF/META-INF",
  },
};

for (const [what, cases] of Object.entries(tables)) {
  test(what, () => {
    const templates = Object.fromEntries(Object.keys(cases).map((path) => [path, pathTemplate(path)]));
    expect(templates).toEqual(cases);
  });
}

test("a template is bounded in segments and in length", () => {
  expect(pathTemplate("/a".repeat(20))).toBe("/a".repeat(20));
  expect(pathTemplate("/a".repeat(21))).toBe(`${"/a".repeat(20)}/…`);
  const long = pathTemplate("/some-thing-rather-long".repeat(15));
  expect(long).toMatch(/^(\/some-thing-rather-long){8}\/…$/);
  expect(pathTemplate(`/${"x".repeat(16_384)}`)).toBe("/:id");
  expect(pathTemplate(`/${"a.".repeat(8_192)}`)).toBe("/:id");
});

test("no text makes a template that is long, that breaks a line or a quoted label, or that is a template of another", () => {
  const pieces = fc.constantFrom(
    "/",
    "?",
    ";",
    "@",
    ".",
    "-",
    "%41",
    "(",
    ")",
    "=",
    ":",
    "42",
    "8f3a9c1b",
    "a",
    "\n",
    '"',
    "://",
  );
  const paths = fc.oneof(
    fc.string({ unit: "binary", maxLength: 400 }),
    fc.array(pieces, { maxLength: 60 }).map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(paths, (path) => {
      const template = pathTemplate(path);
      expect(template.length).toBeLessThanOrEqual(200);
      expect(template).toMatch(/^(\*|\/[\w\-.~:$@()=/]*…?)$/);
      if (!template.endsWith("…")) expect(pathTemplate(template)).toBe(template);
    }),
    { numRuns: 3_000 },
  );
});

test("of random tokens hardly any is taken for a name", () => {
  const known = (make: () => string) =>
    Array.from({ length: 1_000 }, make).filter((token) => pathTemplate(`/x/${token}`).includes(":id")).length;
  expect(known(() => randomBytes(8).toString("hex"))).toBeGreaterThan(990);
  expect(known(() => randomBytes(18).toString("base64url"))).toBeGreaterThan(950);
  expect(known(() => randomBytes(32).toString("base64url"))).toBeGreaterThan(985);
});

test("time grows with the length, whatever the path: 16 kB cost no more than 30 ns a character", () => {
  const worst = ["a", "1", "-", ".", "/", "a1", "a.", "(", "=", ";", "@", "%", "é", "a/", "://", "aB3-/"].map((unit) =>
    `/${unit.repeat(16_384 / unit.length)}`.slice(0, 16_384),
  );
  for (const path of worst) {
    let least = Number.POSITIVE_INFINITY; // of ten: other processes take turns on this machine
    for (let i = 0; i < 10; i++) {
      const start = process.hrtime.bigint();
      pathTemplate(path);
      least = Math.min(least, Number(process.hrtime.bigint() - start));
    }
    expect(least / path.length, JSON.stringify(path.slice(0, 12))).toBeLessThan(30);
  }
});
