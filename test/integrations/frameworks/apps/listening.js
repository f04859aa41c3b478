/** What every application here ends with: says where it listens. */

export function listening(server) {
  const tell = () => console.log(`listening on http://localhost:${server.address().port}`);
  if (server.listening) tell();
  else server.once("listening", tell);
}
