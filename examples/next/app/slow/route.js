import { setTimeout } from "node:timers/promises";

export const dynamic = "force-dynamic";

export async function GET() {
  await setTimeout(200);
  return new Response("at last");
}
