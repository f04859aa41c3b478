/** What every application here begins and ends with. What is different from test to test comes in the variable APP. */

import { start } from "seismo";
import { recordHttpServer } from "seismo/http";

/** label: of paths below /users. outside: a label that the program gives to all servers of it. */
export const { kind, label, prefix, outside, off, inject } = JSON.parse(process.env.APP ?? "{}");

if (!off) start();
if (outside) recordHttpServer({ label: () => outside });

/** What the adapter is given. */
export const options = {
  ...(prefix && { prefix }),
  ...(label && { label: ({ originalUrl, url }) => ((originalUrl ?? url).startsWith("/users") ? label : undefined) }),
};

let hanging = 0;

/** A handler that never answers says so. */
export function hang() {
  console.log(`hanging ${++hanging}`);
}

export function listening(server) {
  const tell = () => {
    const scheme = "updateSettings" in server ? "http2" : "http";
    console.log(`listening on ${scheme}://localhost:${server.address().port}`);
  };
  if (server.listening) tell();
  else server.once("listening", tell);
}
