// node:http2, without encryption: browsers want it, `curl --http2-prior-knowledge` does not
import { createServer } from "node:http2";

const server = createServer((request, response) => {
  const [path] = request.url.split("?");
  if (path === "/slow") setTimeout(() => response.end("at last\n"), 200);
  else if (/^\/(users|shops\/\d+\/items)\/\d+$/.test(path)) response.end(`${path}\n`);
  else response.writeHead(404).end("nothing here\n");
});

server.listen(process.env.PORT ?? 3000, () => {
  console.log(`listening on http://localhost:${server.address().port}`);
});
