/// <reference types="node" preserve="true" />
// Closes a connection whose client may still be sending. A socket that is closed with bytes unread resets the connection, and
// the client may lose what was sent to it last. So first comes our end, then what still arrives is dropped, for a limited time.
import type { Socket } from 'node:net';

/** How long a client has to read the last response and to close its end. */
export const lingerMs = 1_000;

/** How much of what it sends is read in the meantime. Then it is blocked, and still can read. */
const mostBytes = 4 * 1_024 * 1_024;

const lingering = new WeakSet<Socket>();

/** Ends the connection after what has been written, and destroys it when the client does not end it within a second. */
export function lingeringClose(socket: Socket): void {
  if (lingering.has(socket) || socket.destroyed) return;
  lingering.add(socket);
  let bytes = 0;
  // Also from the HTTP parser: nobody waits for the rest of the request.
  socket.removeAllListeners('data');
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > mostBytes) socket.pause();
  });
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  socket.once('close', () => clearTimeout(timer));
  socket.end();
  socket.resume();
}

/** Has Node close the connection so, when a response is its last. */
export function lingerAfterLast(socket: Socket): void {
  socket.destroySoon = () => {
    lingeringClose(socket);
  };
}
