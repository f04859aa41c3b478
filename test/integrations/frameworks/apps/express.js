/** Express, whose package is the first argument, with routers mounted in every way there is. */

import { listening } from "./listening.js";

const [name] = process.argv.slice(2);
const { default: express } = await import(name);
const isFour = name === "express4";

const send = (_request, response) => response.send("x");
const fail = (_request, _response, next) => next(new Error("on purpose"));
const pass = (_request, _response, next) => next();

const leaves = express.Router();
leaves.get("/leaf/:leaf", (request, response, next) => (request.query.fail ? fail : send)(request, response, next));

const users = express.Router({ mergeParams: true });
users.get("/", send);
users.get("/posts/:post", send);
users.get("/fails/:what", fail);
users.get("/passes/:what", pass);
users.use("/deep/:deep", leaves);

const inner = express();
inner.get("/thing/:thing", send);
inner.get("/fails/:what", fail);
inner.use("/in/:region", leaves);

const app = express();
app.get("/", send);
app.get("/plain/:id", send);
app.get(["/one/:a", "/two/:b"], send);
app.get(/^\/expression\/(\d+)$/, send);
app.get("/flights/:from-:to", send);
app.get("/slash/", send);
app.get(isFour ? "/wild/*" : "/wild/*rest", send);
app.use("/users/:user", users);
app.use("/teams/:team/members", users);
app.use(/^\/re-\d+/, users);
app.use(/^\/group-(\d+)/, users);
app.use(["/first", "/second/:key"], users);
app.use(isFour ? "/option/:o?" : "/option{/:o}", leaves);
app.use("/inner/:inner", inner);
app.use("/closure", (request, response, next) => leaves(request, response, next));
app.use("/api", users);
app.all(isFour ? "*" : "/*any", pass);
app.get("/rewritten/:id", send);
app.use((error, _request, response, _next) => response.status(500).send(error.message));

let isMounted = false;
app.get("/mount", (_request, response) => {
  if (!isMounted) app.use("/later/:later", users); // after routes of this router have been known for a while
  isMounted = true;
  response.send("x");
});

listening(app.listen(process.env.PORT));
