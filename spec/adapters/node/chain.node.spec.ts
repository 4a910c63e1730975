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

  it('is given less time from hop to hop, and stops to its end when the first client is killed', async () => {
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
    for (const hop of hops) {
      const { at, stopped, cause } = await told(hop);
      expect([stopped, cause]).toEqual(['AbortError', 'ClientGoneError']);
      expect(at - killed).toBeLessThan(250);
      expect((await told(hop)).workedSince).toBe(0);
    }
  });

  it('stops to its end when the time is over', async () => {
    const client = start('client', ['1500', ...urls]);
    for (const hop of hops) expect((await told(hop)).givenMs).toBeLessThanOrEqual(1500);
    expect((await told(client)).failed).toBe('TimeoutError');
    for (const hop of hops) {
      // By its own clock, or because the one before was first to give up.
      expect((await told(hop)).stopped).toMatch(/^(Timeout|Abort)Error$/);
      expect((await told(hop)).workedSince).toBe(0);
    }
    expect(await client.closed).toEqual([0, null]);
  });
});
