// node:http, without a framework: no templates, so what looks like an id in a path becomes ":id"
import { createServer } from "node:http";

const server = createServer((request, response) => {
  const [path] = request.url.split("?");
  if (path === "/slow") setTimeout(() => response.end("at last\n"), 200);
  else if (/^\/(users|shops\/\d+\/items)\/\d+$/.test(path)) response.end(`${path}\n`);
  else response.writeHead(404).end("nothing here\n");
});

server.listen(process.env.PORT ?? 3000, () => {
  console.log(`listening on http://localhost:${server.address().port}`);
});
