import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

interface Run {
  readonly code: number | null;
  readonly lines: readonly string[];
  readonly errors: string;
  /** From the last thing printed to the end of the process. */
  readonly lingeredMs: number;
}

// The coverage of these processes would be that of what tsx makes of the files.
const env = { ...process.env, NODE_V8_COVERAGE: '' };

// The clock of these processes goes at a third of the speed: what they show in 100 ms, a busy machine may do in 300.
const slowly = `data:text/javascript,${encodeURIComponent(`
  for (const name of ['setTimeout', 'setInterval']) {
    const start = globalThis[name];
    globalThis[name] = (then, ms, ...args) => start(then, 3 * ms, ...args);
  }
  for (const clock of [Date, performance]) {
    const now = clock.now.bind(clock);
    const first = now();
    clock.now = () => Math.floor(first + (now() - first) / 3);
  }
`)}`;

/** Runs Node as `npm run examples` does, in a process of its own. */
function run(args: readonly string[], input = ''): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', '--import', slowly, ...args], { env });
    let printed = '';
    let errors = '';
    let printedAt = performance.now();
    child.stdout.on('data', (text: Buffer) => {
      printed += text.toString();
      printedAt = performance.now();
    });
    child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
    child.once('error', reject);
    child.once('close', (code) => {
      const lines = printed.split('\n').filter((line) => line !== '');
      resolve({ code, lines, errors, lingeredMs: performance.now() - printedAt });
    });
    child.stdin.end(input);
  });
}

describe('examples', () => {
  const noFetch = 'data:text/javascript,globalThis.fetch = () => Promise.reject(new Error("no network"))';
  const firstOfReadme = /```ts\n(.*?)```/s.exec(readFileSync('README.md', 'utf8'))?.[1];
  let runs: Record<'examples' | 'broken' | 'readme', Run>;

  // They wait more than they work, so they run side by side.
  beforeAll(async () => {
    const [examples, broken, readme] = await Promise.all([
      run(['examples/index.ts']),
      run(['--import', noFetch, 'examples/index.ts']),
      run(['--input-type=module', '-'], firstOfReadme),
    ]);
    runs = { examples, broken, readme };
  });

  /** What an example prints under its headline. */
  function printedBy(name: string): readonly string[] {
    const { lines } = runs.examples;
    const own = lines.slice(lines.findIndex((line) => line.startsWith(`── ${name}: `)) + 1);
    const next = own.findIndex((line) => line.startsWith('── '));
    return next < 0 ? own : own.slice(0, next);
  }

  it('run one after the other, each under a headline', () => {
    const headlines = runs.examples.lines.filter((line) => line.startsWith('── '));
    const names = headlines.map((line) => /\w+/.exec(line)?.[0]);
    expect(names).toEqual(['workers', 'slowOperation', 'values', 'crawler', 'requests']);
  });

  it('complain of nothing and end by themselves, at once', () => {
    for (const { code, errors, lingeredMs } of [runs.examples, runs.readme]) {
      expect(errors).toBe('');
      expect(code).toBe(0);
      expect(lingeredMs).toBeLessThan(1_000);
    }
  });

  it('fail as a whole when one of them fails', () => {
    const { code, errors, lines } = runs.broken;
    expect(code).not.toBe(0);
    expect(errors).toContain('no network');
    expect(lines.at(-1)).toMatch(/^── requests: /);
  });

  it('workers: both stop at once, then it is over', () => {
    const lines = printedBy('workers');
    expect(lines.slice(0, -3).every((line) => line.includes('tick'))).toBeTrue();
    expect(lines.at(-3)).toMatch(/ms {2}first +stops$/);
    expect(lines.at(-2)).toMatch(/ms {2}second stops$/);
    expect(lines.at(-1)).toBe('over');
    expect(Number.parseInt(lines.at(-2)!) - Number.parseInt(lines.at(-3)!)).toBeLessThan(100);
  });

  it('slowOperation: the short deadline is exceeded, the long one is not', () => {
    const lines = printedBy('slowOperation');
    expect(lines[1]).toBe('context deadline exceeded');
    expect(lines[3]).toBe('overslept');
  });

  it('values: one key is found, the other is not', () => {
    const lines = printedBy('values');
    expect(lines.slice(0, 2)).toEqual(['found value: Go', 'key not found: color']);
  });

  describe('crawler', () => {
    /** How many pages of a section there are of each outcome. */
    function outcomesOf(section: string) {
      const [read, givenUp, cutOff, notBegun] = printedBy('crawler')
        .find((line) => line.startsWith(`${section} `))!
        .match(/\d+/g)!
        .map(Number);
      return { read: read!, givenUp: givenUp!, cutOff: cutOff!, notBegun: notBegun! };
    }

    /** At which attempt a page was given up, and for what. */
    function givenUp(): Map<string, { error: string; attempt: number }> {
      const found = printedBy('crawler').map((line) => /^given up {2}(\S+): (.+), attempt (\d)$/.exec(line));
      return new Map(found.flatMap((match) => (match ? [[match[1]!, { error: match[2]!, attempt: +match[3]! }]] : [])));
    }

    it('reads pages that fail at first at the second attempt, and asks once for one that is not there', () => {
      const retried = printedBy('crawler').filter((line) => line.startsWith('retried'));
      expect(retried).toEqual(['retried   /news/2: read at attempt 2', 'retried   /news/4: read at attempt 2']);
      expect(outcomesOf('/news')).toEqual({ read: 5, givenUp: 1, cutOff: 0, notBegun: 0 });
      expect(givenUp().get('/news/lost')).toEqual({ error: '404', attempt: 1 });
    });

    it('gives up what is down, and makes fewer attempts than it may when the budget is low', () => {
      const archive = [...givenUp()].filter(([path]) => path.startsWith('/archive/'));
      const attempts = archive.map(([, page]) => page.attempt);
      expect(outcomesOf('/archive')).toEqual({ read: 1, givenUp: 8, cutOff: 0, notBegun: 0 });
      expect(archive.map(([, page]) => page.error)).toEqual(Array<string>(8).fill('503'));
      expect(Math.max(...attempts)).toBeGreaterThan(1);
      expect(attempts.filter((attempt) => attempt === 1).length).toBeGreaterThan(2);
    });

    it('cuts off what runs at the deadline, at most four pages, and does not begin the rest', () => {
      const { read, cutOff, notBegun } = outcomesOf('/calendar');
      const end = printedBy('crawler').find((line) => line.startsWith('it ended'))!;
      expect(read).toBeGreaterThan(0);
      expect(notBegun).toBeGreaterThan(0);
      expect(cutOff).toBeGreaterThan(0);
      expect(cutOff).toBeLessThan(5);
      expect(end).toMatch(/: context deadline exceeded$/);
      expect(Number.parseInt(end.slice('it ended  after '.length))).toBeGreaterThanOrEqual(999);
    });

    it('leaves no request open', () => {
      expect(printedBy('crawler').at(-1)).toBe('server    0 requests open');
    });
  });

  it('requests: one is answered in full, one loses its client, one its time; the backends of the last two stop early', () => {
    const lines = printedBy('requests');
    const [patient, leaving, hurried] = ['patient', 'leaving', 'hurried'].map((client) => {
      const cells = lines.find((line) => line.startsWith(client))!.split(/ {2,}/);
      return { rows: [cells[1], cells[2]].map((cell) => Number.parseInt(cell!)), rest: cells.slice(3) };
    });
    expect(patient).toEqual({ rows: [10, 10], rest: ['200 OK, 20 rows', 'answered'] });
    expect(leaving!.rest).toEqual(['left after 250 ms', 'client gone before the response was finished']);
    expect(hurried!.rest).toEqual(['504 Gateway Timeout', 'context deadline exceeded']);
    for (const rows of [...leaving!.rows, ...hurried!.rows]) {
      expect(rows).toBeLessThan(10);
    }
  });

  it('requests: nothing is left', () => {
    const lines = printedBy('requests');
    const [busy, answered, closed] = ['after 200 ms', 'all answered', 'servers closed'].map((moment) => {
      const counts = lines
        .find((line) => line.startsWith(moment))!
        .slice(moment.length)
        .match(/\d+/g)!
        .map(Number);
      return { requests: counts[0]!, contexts: counts[1]!, timers: counts[2]!, sockets: counts[3]! };
    });
    for (const count of Object.values(busy!)) {
      expect(count).toBeGreaterThan(0);
    }
    expect(answered).toEqual(jasmine.objectContaining({ requests: 0, contexts: 0, timers: 0 }));
    expect(closed).toEqual({ requests: 0, contexts: 0, timers: 0, sockets: 0 });
  });

  it('README: the first example prints what it says', () => {
    const { lines } = runs.readme;
    expect(lines.filter((line) => !line.startsWith('clock '))).toEqual(['row 0', 'row 1', 'context deadline exceeded']);
    expect(lines.at(-1)).toBe('clock stopped');
  });
});
