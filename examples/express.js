import express from "express";

const shop = express.Router({ mergeParams: true });
shop.get("/items/:item", (request, response) => response.json(request.params));

const app = express();
app.get("/users/:id", (request, response) => response.json(request.params));
app.use("/shops/:shop", shop);
app.get("/slow", (_request, response) => setTimeout(() => response.send("at last"), 200));

const server = app.listen(process.env.PORT ?? 3000, () => {
  console.log(`listening on http://localhost:${server.address().port}`);
});
