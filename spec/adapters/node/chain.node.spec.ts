import { start } from './processes.js';

type Process = ReturnType<typeof start>;

/** What a process of the chain tells. */
interface Told {
  readonly at: number;
  readonly url: string;
  readonly givenMs: number;
  readonly stopped: string;
  readonly cause: string;
  readonly workedSince: number;
  readonly failed: string;
}

const told = async (from: Process) => JSON.parse(await from.line()) as Told;

describe('a chain of three processes', () => {
  let hops: Process[];
  let urls: string[];

  beforeAll(async () => {
    hops = Array.from({ length: 3 }, () => start('hop'));
    urls = await Promise.all(hops.map(async (hop) => (await told(hop)).url));
  });

  afterAll(async () => {
    for (const { child } of hops) child.kill('SIGTERM');
    for (const hop of hops) {
      expect(await hop.closed).toEqual([0, null]);
      expect(hop.errors).toBe('');
    }
  });

  /** How long it takes from the death of the first client to the last process that hears of it. */
  async function untilAllStop(): Promise<number> {
    const client = start('client', ['20000', ...urls]);
    const given: number[] = [];
    for (const hop of hops) given.push((await told(hop)).givenMs);
    const [first, second, last] = given as [number, number, number];
    expect(first).toBeLessThanOrEqual(20_000);
    expect(second).toBeLessThan(first);
    expect(last).toBeLessThan(second);
    expect(last).toBeGreaterThan(10_000);

    const killed = Date.now();
    client.child.kill('SIGKILL');
    let slowestMs = 0;
    for (const hop of hops) {
      const { at, stopped, cause } = await told(hop);
      expect([stopped, cause]).toEqual(['AbortError', 'ClientGoneError']);
      slowestMs = Math.max(slowestMs, at - killed);
      expect((await told(hop)).workedSince).toBe(0);
    }
    return slowestMs;
  }

  it('is given less time from hop to hop, and stops to its end when the first client is killed', async () => {
    // A machine that is busy with other things may be late once, but not each time.
    let slowestMs = await untilAllStop();
    for (let more = 4; more > 0 && slowestMs >= 250; more--) slowestMs = await untilAllStop();
    expect(slowestMs).toBeLessThan(250);
  });

  it('stops to its end when the time is over', async () => {
    // Time enough to come to the last process on a busy machine.
    const client = start('client', ['4000', ...urls]);
    for (const hop of hops) expect((await told(hop)).givenMs).toBeLessThanOrEqual(4000);
    expect((await told(client)).failed).toBe('TimeoutError');
    for (const hop of hops) {
      // By its own clock, or because the one before was first to give up.
      expect((await told(hop)).stopped).toMatch(/^(Timeout|Abort)Error$/);
      expect((await told(hop)).workedSince).toBe(0);
    }
    expect(await client.closed).toEqual([0, null]);
  });
});
