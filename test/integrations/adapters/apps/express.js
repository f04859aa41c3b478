/** Express, whose package is the first argument. */

import { recordRequests } from "seismo/express";
import { hang, kind, listening, options } from "./settings.js";

const { default: express } = await import(process.argv[2]);

const items = express.Router({ mergeParams: true });
const shop = express(); // an application of its own

const app = express();
if (kind !== "inner") app.use(recordRequests(options));
if (kind === "inner" || kind === "both") shop.use(recordRequests({ ...options, label: () => "inner" }));
if (kind === "inner" || kind === "both") items.use(recordRequests({ ...options, label: () => "innermost" }));
items.get("/items/:item", (request, response) => response.json(request.params));
app.use(express.json());
app.get("/", (_request, response) => response.send("x"));
app.all("/users/:id", (request, response) => response.json(request.params));
shop.use(items);
app.use("/shops/:shop", shop);
app.get("/missing/:id", (_request, response) => response.status(404).send("gone"));
app.get("/fails/:id", () => {
  throw new Error("on purpose");
});
app.get("/slow", (_request, response) => setTimeout(() => response.send("at last"), 200));
app.get("/hang", hang);
app.use((error, _request, response, _next) => response.status(error.status ?? 500).send(error.message));
listening(app.listen(process.env.PORT));
