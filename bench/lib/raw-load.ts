/**
 * Raw load: as many requests as a server takes, each for a path of its own, on connections that are kept and pipelined.
 *
 * Answers are counted by their bytes, which are as many for each: so the client has little to do, and the server has not.
 */

import { once } from "node:events";
import { connect, type Socket } from "node:net";

export interface RawLoad {
  readonly port: number;
  readonly requests: number;
  readonly connections: number;
  /** Requests under way on each connection. */
  readonly pipelined: number;
  /** The path of the nth request. */
  pathOf(n: number): string;
}

/** Resolves when every request has its answer. */
export async function loadRaw(load: RawLoad): Promise<void> {
  const answerBytes = await bytesOfAnswer(load);
  let sent = 0;
  const requestNext = (count: number): string => {
    let text = "";
    for (; count > 0 && sent < load.requests; count--) text += requestOf(load.pathOf(sent++));
    return text;
  };
  const onConnection = async () => {
    const socket = await open(load.port);
    let underWay = 0;
    let bytes = 0;
    const request = (count: number) => {
      const before = sent;
      const text = requestNext(count);
      underWay += sent - before;
      if (text !== "") socket.write(text, "latin1");
      else if (underWay === 0) socket.end();
    };
    socket.on("data", (chunk) => {
      bytes += chunk.length;
      const answers = Math.floor(bytes / answerBytes);
      bytes -= answers * answerBytes;
      underWay -= answers;
      if (answers > 0) request(answers);
    });
    request(load.pipelined);
    await once(socket, "close");
    if (underWay > 0 || bytes > 0) throw new Error(`a connection ended with ${underWay} requests under way`);
  };
  await Promise.all(Array.from({ length: load.connections }, onConnection));
}

function requestOf(path: string): string {
  return `GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`;
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  return socket;
}

/** Of one that is asked alone: it is as long as every other. */
async function bytesOfAnswer({ port, pathOf }: RawLoad): Promise<number> {
  const socket = await open(port);
  socket.write(requestOf(pathOf(0)));
  let text = "";
  for await (const chunk of socket.setEncoding("latin1")) {
    text += chunk;
    const head = text.indexOf("\r\n\r\n");
    const length = /^content-length: (\d+)\r$/im.exec(text);
    if (head >= 0 && length && text.length === head + 4 + Number(length[1])) break; // which closes the connection
  }
  return text.length;
}
