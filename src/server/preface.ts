import type { Socket } from 'node:net';

/** Clients with prior knowledge of HTTP/2 open with this. RFC 9113 section 3.4. Four bytes tell it from any HTTP/1 method. */
const HTTP2_PREFACE_START = Buffer.from('PRI ');

/**
 * Waits for the first bytes of a connection, puts them back, and hands it to the protocol it speaks. A connection that
 * says nothing within the time is closed: no protocol's own timer has started yet.
 */
export function dispatchByPreface(
  socket: Socket,
  timeoutMs: number,
  serveHttp1: (socket: Socket) => void,
  serveHttp2: (socket: Socket) => void,
): void {
  const timer = setTimeout(() => socket.destroy(), timeoutMs);
  const finish = (): void => {
    clearTimeout(timer);
    socket.removeListener('readable', look);
    socket.removeListener('error', finish);
    socket.removeListener('close', finish);
    socket.removeListener('end', leave);
  };
  // Who leaves without a word, as a health check by TCP does, would keep its place until the time is over.
  const leave = (): void => {
    socket.destroy();
  };
  let start: Buffer = Buffer.alloc(0);
  const look = (): void => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return;
    start = start.length === 0 ? chunk : Buffer.concat([start, chunk]);
    const compared = Math.min(start.length, HTTP2_PREFACE_START.length);
    const mayBeHttp2 = start.subarray(0, compared).equals(HTTP2_PREFACE_START.subarray(0, compared));
    if (mayBeHttp2 && compared < HTTP2_PREFACE_START.length) return;
    finish();
    socket.unshift(start);
    if (mayBeHttp2) serveHttp2(socket);
    else serveHttp1(socket);
  };
  socket.on('readable', look);
  socket.on('error', finish);
  socket.on('close', finish);
  socket.on('end', leave);
}
