// A CancelRequest of PostgreSQL: 16 bytes on a connection of its own, which the server closes when it has sent the signal.
import { connect, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';
import type { Client } from 'pg';

/** What a connected client of pg knows, and its types do not say. */
export interface ClientState {
  readonly processID: number;
  readonly secretKey: number;
  readonly ssl: boolean | ConnectionOptions;
  readonly sslNegotiation?: string | undefined;
}

/**
 * Asks the server to cancel what the client runs. Resolves when the server has closed the connection of the request: from then
 * on it cannot hit anything.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS
 */
export function sendCancelRequest(client: Client, signal: AbortSignal): Promise<void> {
  const { processID, secretKey, ssl, sslNegotiation } = client as unknown as ClientState;
  return new Promise((resolve, reject) => {
    const socket = connect({ ...addressOf(client), signal });
    const send = (secure: Socket) => {
      secure.once('error', reject).once('close', () => {
        resolve();
      });
      secure.resume().end(packet(80877102, processID, secretKey));
    };
    // As pg does it: a host name is what the certificate must be for, and an address has no server name.
    const upgrade = () => {
      const { host } = client;
      const { key } = ssl as ConnectionOptions; // not enumerable: pg hides it from logs
      const options: ConnectionOptions = { socket, host, ...(ssl as ConnectionOptions), ...(key && { key }) };
      if (isIP(host) === 0) options.servername = host;
      if (sslNegotiation === 'direct') options.ALPNProtocols = ['postgresql'];
      const secure = connectTls(options, () => {
        send(secure);
      }).once('error', reject);
    };
    socket.once('error', reject).once('connect', () => {
      if (ssl === false) send(socket);
      else if (sslNegotiation === 'direct') upgrade();
      else {
        socket.write(packet(80877103));
        socket.once('data', (answer: Buffer) => {
          if (answer.toString() === 'S') upgrade();
          else socket.destroy(new Error('The server does not take CancelRequests over TLS'));
        });
      }
    });
  });
}

/** Where the client is connected to. Not its host alone: a name may lead to another server the next time. */
function addressOf({ host, port, connection }: Client): { host: string; port: number } | { path: string } {
  if (host.startsWith('/')) return { path: `${host}/.s.PGSQL.${port}` };
  const { remoteAddress = host, remotePort = port } = connection.stream as Partial<
    Pick<Socket, 'remoteAddress' | 'remotePort'>
  >;
  return { host: remoteAddress, port: remotePort };
}

/** A message of whole numbers of 32 bits: its length first. */
function packet(...numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * (numbers.length + 1));
  bytes.writeInt32BE(bytes.length);
  numbers.forEach((number, index) => bytes.writeInt32BE(number | 0, 4 * (index + 1)));
  return bytes;
}
