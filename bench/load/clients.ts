// Those who ask. A Crowd is of all kinds, and looks closely at what it gets; a Flood costs as little as it can.
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { Random } from '../../spec/helpers/random.js';
import { whole, wholeMs } from './rows.js';

const kinds = ['patient', 'leaving', 'late'] as const;

export class Crowd {
  readonly counts = { whole: 0, late: 0, cut: 0, left: 0 };
  readonly problems: string[] = [];
  private readonly random: Random;

  constructor(
    private readonly port: number,
    seed: number,
  ) {
    this.random = new Random(seed);
  }

  /** A third waits for the whole, a third leaves at a random moment, and a third gives less time than it takes. */
  async ask(total: number, concurrent: number): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: concurrent });
    let asked = 0;
    const one = async () => {
      while (asked < total) await this.askOnce(agent, kinds[asked++ % kinds.length]!);
    };
    await Promise.all(Array.from({ length: concurrent }, one));
    agent.destroy();
  }

  private askOnce(agent: Agent, kind: (typeof kinds)[number]): Promise<void> {
    const { random } = this;
    const headers: Record<string, string> = {};
    // Some get nothing until their time is over, the others a part.
    if (kind === 'late') headers['connect-timeout-ms'] = String(1 + random.below(wholeMs / 2));
    if (kind === 'late' && random.oneIn(2)) headers['x-nothing'] = 'yes';
    return new Promise((resolve) => {
      let body = '';
      let begun = false;
      const req = request({ host: '127.0.0.1', port: this.port, agent, headers });
      const leaving = kind === 'leaving' ? setTimeout(() => req.destroy(), random.below(wholeMs)) : undefined;
      req.on('response', (res) => {
        begun = true;
        res.on('data', (text: Buffer) => (body += text.toString()));
        res.on('error', () => undefined);
        res.on('close', () => {
          this.count(kind, res.complete ? res.statusCode : undefined, body);
        });
      });
      req.on('error', () => undefined);
      req.on('close', () => {
        clearTimeout(leaving);
        if (!begun) this.count(kind, undefined, body);
        resolve();
      });
      req.end();
    });
  }

  /** @param status `undefined` when the client sees that this is not the whole */
  private count(kind: (typeof kinds)[number], status: number | undefined, body: string): void {
    const { counts } = this;
    if (status === 200 && body === whole && kind !== 'late') counts.whole++;
    else if (status === 504 && body === 'Gateway Timeout' && kind === 'late') counts.late++;
    else if (status === undefined && whole.startsWith(body) && kind !== 'patient')
      counts[kind === 'late' ? 'cut' : 'left']++;
    else this.problems.push(`a ${kind} client got ${status ?? 'nothing'} with ${JSON.stringify(body.slice(-40))}`);
  }
}

const question = 'GET /rows HTTP/1.1\r\nHost: localhost\r\nUser-Agent: flood\r\nAccept: text/plain\r\n\r\n';
const end = '0\r\n\r\n';

/** Connections that ask again as soon as they are answered. */
export class Flood {
  private constructor(private readonly sockets: readonly Socket[]) {}

  static async connect(port: number, count: number): Promise<Flood> {
    const sockets = Array.from({ length: count }, () => connect({ port, host: '127.0.0.1', noDelay: true }));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    return new Flood(sockets);
  }

  /** So many requests, over all the connections. */
  ask(count: number): Promise<void> {
    return new Promise((resolve) => {
      let [asked, answered] = [0, 0];
      for (const socket of this.sockets) {
        const next = () => {
          if (asked === count) return;
          asked++;
          socket.write(question);
        };
        socket.removeAllListeners('data').on('data', (text: Buffer) => {
          // A chunk of a row is never as short.
          if (!text.toString('latin1').endsWith(end)) return;
          answered++;
          if (answered === count) resolve();
          else next();
        });
        next();
      }
    });
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
  }
}
